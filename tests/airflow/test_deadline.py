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


def test_deadline_left_decreases_with_time(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    clock[0] += 25

    assert deadline.left() == 35


def test_deadline_left_at_least_has_minimum_after_expiry(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    clock[0] += 70

    assert deadline.left() == -10
    assert deadline.left_at_least(5) == 5


def test_deadline_ignores_snapshot_id_in_the_past(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    assert deadline.seen(utc(clock[0] - 500)) == deadline


def test_deadline_of_slow_clock_is_corrected_by_snapshot_id(
    clock: list[float],
) -> None:
    behind = 3600
    deadline = Deadline.after(60)

    corrected = deadline.seen(utc(clock[0] + behind))
    clock[0] += behind  # the triggerer's clock

    assert corrected.left() == 60
    assert deadline.left() < 0


def test_deadline_of_fast_clock_is_bounded_by_timeout(clock: list[float]) -> None:
    deadline = Deadline.after(60)

    clock[0] -= 3600  # the triggerer's clock

    assert deadline.left() == 60
