"""What earlier snapshots tell is what Atlas said of them, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from atlas_backups.progress.earlier import experience
from tests.html.samples import BARE, taken, unfinished

if TYPE_CHECKING:
    from atlas_backups import Snapshot

RUNNING = unfinished(timedelta(minutes=1), "inProgress", 99)


def lasting(seconds: int, **values: object) -> Snapshot:
    snapshot = taken(timedelta(days=1), seconds)
    created_at = snapshot.requested_at + timedelta(seconds=seconds)
    return taken(timedelta(days=1), seconds, created_at=created_at, **values)


def test_it_is_the_middle_of_those_that_completed() -> None:
    earlier = [lasting(80, storage_size_bytes=4 << 30), lasting(125), lasting(95)]

    assert experience(RUNNING, earlier) == (
        "3 earlier snapshots (the newest has 4.0 GiB) had the cut point about 1 min 35 s after the"
        " request, and completed later"
    )


def test_a_size_that_nothing_has_is_no_reason_to_say_nothing() -> None:
    known = experience(RUNNING, [taken(timedelta(1), storage_size_bytes=10**400)])

    assert known is not None
    assert "(the newest has over 1023 PiB)" in known


def test_of_one_it_says_that_it_is_one() -> None:
    known = experience(RUNNING, [taken(timedelta(1), storage_size_bytes=0)])

    assert known == (
        "one earlier snapshot had the cut point about 1 min 35 s after the request, and completed"
        " later"
    )


@pytest.mark.parametrize(
    "other",
    [
        unfinished(timedelta(hours=1), "failed"),
        unfinished(timedelta(hours=1), "inProgress"),
        taken(timedelta(1), snapshot_type="scheduled"),
        taken(timedelta(1), created_at=None),
        taken(timedelta(1), id=RUNNING.id),
        taken(timedelta(1), created_at=taken(timedelta(days=9)).created_at),
        BARE,
    ],
)
def test_where_nothing_is_known_nothing_is_said(other: Snapshot) -> None:
    assert experience(RUNNING, []) is None
    assert experience(RUNNING, [other]) is None


def test_only_the_newest_ones_count() -> None:
    earlier = [*(lasting(60) for _ in range(10)), *(lasting(6000) for _ in range(90))]

    known = experience(RUNNING, earlier)

    assert known is not None
    assert "10 earlier" in known
    assert "about 1 min after" in known
