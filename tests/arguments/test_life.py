"""Invalid arguments of get, list, wait, update and delete are rejected before anything is sent."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import InvalidArgumentError, ReplicaSetSnapshot
from tests.bodies import SNAPSHOT_ID
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

PLACE = (GROUP_ID, CLUSTER_NAME)
ONE = (*PLACE, SNAPSHOT_ID)
OTHER = ReplicaSetSnapshot(id=SNAPSHOT_ID, group_id=GROUP_ID, cluster_name="Another")
MALFORMED = ReplicaSetSnapshot(id="x", group_id=GROUP_ID, cluster_name=CLUSTER_NAME)

# Every method with arguments that are good, and options that it needs.
METHODS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "take_snapshot": (PLACE, {}),
    "get_snapshot": (ONE, {}),
    "list_snapshots": (PLACE, {}),
    "wait_for_snapshot": (ONE, {}),
    "watch_snapshot": (ONE, {}),
    "update_retention": (ONE, {"days": 1}),
    "delete_snapshot": (ONE, {}),
    "list_clusters": ((GROUP_ID,), {}),
}
BAD_IDS = [
    "",
    "6" * 23,
    "6" * 25,
    "6" * 23 + "\n",
    "A" * 24,
    "g" * 24,
    "../" * 8,
    "6" * 23 + "\u0666",
    "6" * 10_000,
    b"6" * 24,
    7,
    True,
    ["6" * 24],
]
BAD_NAMES = ["", "-a", "a b", "a/b", "..", "a\x00", "ä", "a" * 65, b"a", 7, True]
BAD_SECONDS = [0, -1, -0.0, math.nan, math.inf, -math.inf, 10**400, "60", b"60", True, [60], 1j]
BAD_NUMBERS = [0, -1, 2**31, 10**30, True, 1.0, math.nan, "7", b"7", [7], 7j]
BAD_FLAGS: list[Any] = [None, 0, 1, 1.0, "yes", []]
BAD_KEYS = ["", "k" * 1025, "k" * 10_000, "a\nb", "\x00", "\x7f", "\ud800", b"k", 7, True]
UNITS = ("days", "weeks", "months", "years")
WAITS = ("wait_for_snapshot", "watch_snapshot")


def call(
    flavor: ClientFlavor, client: AtlasBackups, method: str, *args: Any, **options: Any
) -> None:
    if method == "watch_snapshot":
        next(flavor.iterate(client, method, *args, **options))
    else:
        flavor.call(client, method, *args, **options)


def rejected(
    flavor: ClientFlavor, client: AtlasBackups, method: str, *args: Any, **options: Any
) -> str:
    """Call, and give the message of the rejection."""
    with pytest.raises(InvalidArgumentError) as caught:
        call(flavor, client, method, *args, **options)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250
    return str(caught.value)


def row(method: str, name: str, args: tuple[Any, ...], **options: Any) -> Any:
    """Return a call, with the name that the message of its rejection must hold."""
    value = repr((*args, *options.values()))[-30:]
    return pytest.param(method, name, args, options, id=f"{method}-{name}-{value}")


def of_places() -> Iterator[Any]:
    for method, (args, needed) in METHODS.items():
        for bad in (*BAD_IDS, None):
            yield row(method, "group_id", (bad, *args[1:]), **needed)
        if len(args) > 1:
            for bad in BAD_NAMES:
                yield row(method, "cluster_name", (GROUP_ID, bad, *args[2:]), **needed)


def of_snapshots() -> Iterator[Any]:
    for method in ("get_snapshot", *WAITS, "update_retention", "delete_snapshot"):
        _, needed = METHODS[method]
        for bad in BAD_IDS:
            yield row(method, "snapshot_id", (*PLACE, bad), **needed)
        yield row(method, "snapshot_id", (MALFORMED,), **needed)
        for half in (PLACE, (GROUP_ID, None, SNAPSHOT_ID), (*PLACE, None)):
            yield row(method, "snapshot_id", half, **needed)
        for more in ((CLUSTER_NAME,), (CLUSTER_NAME, SNAPSHOT_ID), (None, OTHER)):
            yield row(method, "Snapshot", (OTHER, *more), **needed)
        yield row(method, "Another", (*PLACE, OTHER), **needed)


def of_waiting() -> Iterator[Any]:
    for method in ("take_snapshot", "update_retention", "delete_snapshot"):
        args, needed = METHODS[method]
        for bad in (*BAD_SECONDS, None):
            yield row(method, "wait_timeout", args, wait_timeout=bad, **needed)
            yield row(method, "wait_timeout", args, wait=True, wait_timeout=bad, **needed)
        for bad in BAD_FLAGS:
            yield row(method, "wait", args, wait=bad, **needed)
    for method in WAITS:
        for bad in BAD_SECONDS:
            yield row(method, "timeout", ONE, timeout=bad)
            yield row(method, "poll_interval", ONE, poll_interval=bad)
        yield row(method, "timeout", ONE, timeout=None)
        for bad in BAD_FLAGS:
            yield row(method, "progress", ONE, progress=bad)


def of_retention() -> Iterator[Any]:
    for unit in UNITS:
        for bad in BAD_NUMBERS:
            yield row("update_retention", unit, ONE, **{unit: bad})
        for other in UNITS[: UNITS.index(unit)]:
            yield row("update_retention", "exactly one", ONE, **{unit: 1, other: 1})
    yield row("update_retention", "exactly one", ONE)
    yield row("update_retention", "exactly one", ONE, **dict.fromkeys(UNITS, 1))


def of_takes_and_lists() -> Iterator[Any]:
    for bad in BAD_FLAGS:
        yield row("list_snapshots", "include_sharded", PLACE, include_sharded=bad)
    for bad in BAD_KEYS:
        yield row("take_snapshot", "idempotency_key", PLACE, idempotency_key=bad)
    yield row("take_snapshot", "join", PLACE, idempotency_key="k", if_busy="join")
    for bad in ("", "Raise", "skip", "wait ", "\ud800", None, 1, True, b"wait"):
        yield row("take_snapshot", "if_busy", PLACE, if_busy=bad)


ROWS = [*of_places(), *of_snapshots(), *of_waiting(), *of_retention(), *of_takes_and_lists()]


@pytest.mark.parametrize(("method", "name", "args", "options"), ROWS)
def test_invalid_argument_is_rejected_before_anything_is_sent(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    method: str,
    name: str,
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> None:
    assert name in rejected(flavor, atlas, method, *args, **options)

    assert emulator.requests == ()


@pytest.mark.parametrize("method", METHODS)
def test_unknown_and_positional_options_raise_type_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, method: str
) -> None:
    args, needed = METHODS[method]
    for wrong, options in (((*args, "one", "too", "many"), needed), (args, {"unit": "DAYS"})):
        with pytest.raises(TypeError):
            call(flavor, atlas, method, *wrong, **options)
    assert emulator.requests == ()


def test_list_projects_has_no_parameters(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    with pytest.raises(TypeError):
        flavor.call(atlas, "list_projects", GROUP_ID)

    assert emulator.requests == ()


def test_message_truncates_a_long_key(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    key = "a-key-that-may-be-confidential-" * 400

    message = rejected(flavor, atlas, "take_snapshot", *PLACE, idempotency_key=key)

    assert emulator.requests == ()
    assert "confidential" not in message
    assert str(len(key)) in message


@pytest.mark.parametrize("days", [0, 2**31, 2**70, -(10**400)])
def test_message_names_the_range_of_a_number(
    flavor: ClientFlavor, atlas: AtlasBackups, days: int
) -> None:
    message = rejected(flavor, atlas, "take_snapshot", *PLACE, retention_in_days=days)

    assert "retention_in_days must be from 1 to 2147483647" in message
