"""Pages that shift while they are walked: no snapshot comes twice, and none is lost."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from atlas_backups import RequestTimeoutError
from tests.bodies import queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atlas_backups import AtlasBackups
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import RawServer, Script, Step

NOT_SHARDED = answer(200, {"results": [], "totalCount": 0})


def name(number: int) -> str:
    """Id of the n-th snapshot; a lower number is a newer one, as in a list."""
    return f"{0x6B1F0C3E - number:08x}2a88faeba59de4aa"


def page(numbers: range | list[int], total: int | None) -> bytes:
    body: dict[str, Any] = {"results": [queued(id=name(number)) for number in numbers]}
    return answer(200, body if total is None else {**body, "totalCount": total})


class InOrder:
    """A script for every connection alike: each request gets the next answer of all."""

    def __init__(self, answers: Iterable[Step]) -> None:
        self._answers = iter(answers)

    def __iter__(self) -> Iterator[Step]:
        while True:
            yield READ
            step = next(self._answers, None)
            if step is None:
                return
            yield step


def script(*pages: bytes) -> Script:
    # The client may open a second connection while the first one is still busy with a long page.
    return cast("Script", InOrder((*pages, NOT_SHARDED)))


def found(flavor: ClientFlavor, client: AtlasBackups) -> list[str]:
    snapshots = flavor.call(client, "list_snapshots", GROUP_ID, CLUSTER_NAME)
    return [snapshot.id for snapshot in snapshots]


def pages_asked(server: RawServer) -> list[int]:
    targets = [request.target for request in server.requests if "pageNum=" in request.target]
    return [int(target.rpartition("pageNum=")[2]) for target in targets]


def test_a_new_snapshot_pushes_one_onto_the_next_page(flavor: ClientFlavor, serve: Serve) -> None:
    server, client = serve(
        script(
            page(range(500), 501),
            page([499, 500], 502),  # one came in front
            page(range(-1, 499), 502),
            page([499, 500], 502),
        )
    )

    assert found(flavor, client) == [name(number) for number in range(-1, 501)]
    assert pages_asked(server) == [1, 2, 1, 2]


def test_a_deleted_snapshot_pulls_one_past_the_walker(flavor: ClientFlavor, serve: Serve) -> None:
    server, client = serve(
        script(
            page(range(500), 502),
            page([501], 501),  # number 7 went, so that 500 moved onto the first page
            page([*range(7), *range(8, 501)], 501),
            page([501], 501),
        )
    )

    ids = found(flavor, client)

    assert {name(500), name(501)} < set(ids)
    assert len(set(ids)) == len(ids)
    assert pages_asked(server) == [1, 2, 1, 2]


def test_one_came_and_another_went_so_that_the_count_stayed(
    flavor: ClientFlavor, serve: Serve
) -> None:
    server, client = serve(
        script(
            page(range(500), 502),
            page([499, 500], 502),  # one came in front, the last one expired
            page(range(-1, 499), 502),
            page([499, 500], 502),
        )
    )

    assert found(flavor, client) == [name(number) for number in range(-1, 501)]
    assert pages_asked(server) == [1, 2, 1, 2]


def test_a_list_that_never_stands_still_is_walked_three_times(
    flavor: ClientFlavor, serve: Serve
) -> None:
    pages: list[bytes] = []
    for walk in range(3):
        total = 501 + walk  # until one more comes in front, between the first page and the second
        pages += [page(range(-walk, 500 - walk), total), page(range(499 - walk, 501), total + 1)]
    server, client = serve(script(*pages))

    ids = found(flavor, client)

    assert ids == [name(number) for number in range(-2, 501)]
    assert pages_asked(server) == [1, 2] * 3


def test_a_count_that_is_too_high_does_not_go_on_for_ever(
    flavor: ClientFlavor, serve: Serve
) -> None:
    server, client = serve(script(*[page(range(3), 9), page([], 9)] * 3))

    assert found(flavor, client) == [name(number) for number in range(3)]
    assert pages_asked(server) == [1, 2] * 3


def test_without_a_count_a_page_without_news_is_the_last(
    flavor: ClientFlavor, serve: Serve
) -> None:
    walk = [page(range(500), None), page([500], None), page([], None)]
    server, client = serve(script(*walk, *walk))

    assert found(flavor, client) == [name(number) for number in range(501)]
    assert pages_asked(server) == [1, 2, 3] * 2  # until a walk brings nothing new


def test_list_without_a_count_that_shifts_between_pages_misses_nothing(
    flavor: ClientFlavor, serve: Serve
) -> None:
    later = [page([*range(1, 501)], None), page([501], None), page([], None)]
    # The first one goes before the second page, and pulls number 500 onto the first.
    server, client = serve(script(page(range(500), None), *later[1:], *later, *later))

    assert name(500) in found(flavor, client)
    assert pages_asked(server) == [1, 2, 3] * 3


def test_a_server_that_always_gives_the_same_page(flavor: ClientFlavor, serve: Serve) -> None:
    _, client = serve(script(page(range(500), None), page(range(500), None)))

    assert found(flavor, client) == [name(number) for number in range(500)]


def test_a_list_without_end_ends_with_total_timeout(flavor: ClientFlavor, serve: Serve) -> None:
    def endless() -> Iterator[Step]:
        for number in itertools.count():
            yield READ
            yield page([number], 10**9)

    server, client = serve(cast("Script", endless()), total_timeout=0.5)
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError, match="total_timeout"):
        found(flavor, client)

    assert 0.4 < time.monotonic() - begun < 5
    assert len(server.requests) > 3
