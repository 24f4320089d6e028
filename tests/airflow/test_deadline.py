from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest

from atlas_backups.airflow.deadline import Deadline


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of this process; its one entry is the present."""
    present = [1_000_000.0]
    monkeypatch.setattr(time, "time", lambda: present[0])
    return present


def utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)


def test_comes_nearer(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    clock[0] += 25

    assert deadline.left() == 35


def test_is_over_and_yet_leaves_a_little_to_who_asks_for_it(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    clock[0] += 70

    assert deadline.left() == -10
    assert deadline.left_at_least(5) == 5


def test_is_not_moved_by_a_snapshot_of_the_past(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    assert deadline.seen(utc(clock[0] - 500)) == deadline


def test_of_a_clock_that_is_behind_is_corrected_by_the_id_of_the_snapshot(
    clock: list[float],
) -> None:
    behind = 3600
    deadline = Deadline.after(60)

    corrected = deadline.seen(utc(clock[0] + behind))
    clock[0] += behind  # the triggerer's clock

    assert corrected.left() == 60
    assert deadline.left() < 0


def test_of_a_clock_that_is_ahead_is_bounded_by_the_timeout(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    clock[0] -= 3600  # the triggerer's clock

    assert deadline.left() == 60
