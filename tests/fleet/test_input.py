"""The requests of a fleet are pulled lazily and validated one by one."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import InvalidArgumentError, SnapshotOutcome, SnapshotRequest
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

REQUEST = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)


class Source:
    """A generator of requests that knows how many were drawn, and whether it was closed."""

    def __init__(self, count: int, *, error: BaseException | None = None) -> None:
        self._count = count
        self._error = error
        self.drawn = 0

    def __iter__(self) -> Iterator[SnapshotRequest]:
        for _ in range(self._count):
            self.drawn += 1
            yield REQUEST
        if self._error:
            raise self._error


def outcomes(
    flavor: ClientFlavor, client: AtlasBackups, requests: Any, **options: Any
) -> Generator[SnapshotOutcome, None, None]:
    return flavor.iterate(client, "take_snapshots", requests, **options)


@pytest.mark.parametrize("wanted", [1, 10])
def test_requests_are_pulled_lazily(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, wanted: int
) -> None:
    source = Source(1_000_000)
    ended = outcomes(flavor, atlas, source, concurrency=4)

    found = [next(ended) for _ in range(wanted)]
    ended.close()

    assert [outcome.error for outcome in found] == [None] * wanted
    assert wanted <= source.drawn < wanted + 2 * 4
    assert len(emulator.requests) <= source.drawn


def test_free_slot_is_filled_before_the_next_outcome(
    flavor: ClientFlavor, atlas: AtlasBackups
) -> None:
    source = Source(100)
    ended = outcomes(flavor, atlas, source, concurrency=4)
    drawn: list[int] = []

    for _ in range(8):
        next(ended)
        drawn.append(source.drawn)
        time.sleep(0.05)  # in which all that run come to their end
    ended.close()

    assert drawn == list(range(4, 12))


def test_nothing_is_pulled_before_the_iteration_starts(
    flavor: ClientFlavor, atlas: AtlasBackups
) -> None:
    source = Source(3)

    ended = outcomes(flavor, atlas, source)

    assert source.drawn == 0
    assert len(list(ended)) == source.drawn == 3


@pytest.mark.parametrize("after", [0, 1, 5, 20])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_iterator_that_raises_ends_the_fleet_after_takes_in_flight(  # fixtures
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, after: int, concurrency: int
) -> None:
    broken = RuntimeError("the inventory went away")
    source = Source(after, error=broken)
    found: list[SnapshotOutcome] = []

    with pytest.raises(InvalidArgumentError, match=f"RuntimeError after {after} of") as caught:
        found.extend(outcomes(flavor, atlas, source, concurrency=concurrency))

    assert caught.value.__cause__ is broken
    assert [outcome.error for outcome in found] == [None] * after
    assert len(emulator.requests) == after


def test_keyboard_interrupt_in_the_iterator_is_raised_at_once(
    flavor: ClientFlavor, atlas: AtlasBackups
) -> None:
    source = Source(2, error=KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        list(outcomes(flavor, atlas, source, concurrency=4))

    assert source.drawn == 2


WRONG = [None, 7, "Cluster0", (GROUP_ID, CLUSTER_NAME), {"group_id": GROUP_ID}, SnapshotRequest]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_item_of_another_type_is_an_outcome_with_an_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, wrong: Any
) -> None:
    found = list(outcomes(flavor, atlas, [REQUEST, wrong, REQUEST], concurrency=1))

    assert [type(it.error) for it in found] == [type(None), InvalidArgumentError, type(None)]
    assert found[1].request is wrong
    assert "SnapshotRequest" in str(found[1].error)
    assert len(emulator.requests) == 2


@pytest.mark.parametrize(
    "requests", [None, 7, REQUEST, object()], ids=["None", "int", "request", "object"]
)
def test_non_iterable_requests_raise_invalid_argument(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, requests: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="requests must be an iterable"):
        list(outcomes(flavor, atlas, requests))

    assert emulator.requests == ()


OPTIONS: list[tuple[str, Any]] = [
    *(("concurrency", it) for it in (0, -1, 1001, 10**30, True, 1.0, "4", None, float("nan"))),
    *(("if_busy", it) for it in ("", "Raise", "skip", None, 1, True)),
    *(("wait", it) for it in (None, 0, 1, "yes")),
    *(("progress", it) for it in (None, 0, 1, "yes")),
    *(
        ("wait_timeout", it)
        for it in (0, -1, float("nan"), float("inf"), 10**400, None, "60", True)
    ),
]


@pytest.mark.parametrize(("name", "value"), OPTIONS)
def test_option_out_of_range_raises_before_anything_is_pulled(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, name: str, value: Any
) -> None:
    source = Source(3)

    with pytest.raises(InvalidArgumentError, match=name):
        list(outcomes(flavor, atlas, source, **{name: value}))

    assert source.drawn == 0
    assert emulator.requests == ()


def test_sync_method_validates_options_at_the_call(atlas: AtlasBackups) -> None:
    with pytest.raises(InvalidArgumentError, match="concurrency"):
        atlas.take_snapshots([REQUEST], concurrency=0)
