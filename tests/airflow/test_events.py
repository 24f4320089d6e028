"""What a task makes of what its trigger says, also of one of another version."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
)

from atlas_backups import AmbiguousOutcomeError, SnapshotFailedError, WaitTimeoutError
from atlas_backups.airflow.events import failure, has_ended, snapshot_in
from atlas_backups.errors import ClusterNotFoundError, RateLimitError

SNAPSHOT = {"snapshot_id": "6" * 24, "a_key_of_a_later_version": 1}


def test_a_completed_snapshot_is_handed_on_as_it_is() -> None:
    assert snapshot_in({"status": "completed", "snapshot": SNAPSHOT, "more": 1}) == SNAPSHOT


@pytest.mark.parametrize(
    "event",
    [
        None,
        "completed",
        {},
        {"status": "completed"},
        {"status": "completed", "snapshot": None},
        {"status": "success", "snapshot": SNAPSHOT},
        {"status": "error"},
        {"status": ["completed"]},
    ],
)
def test_an_event_of_another_version_is_said_to_be_one_and_may_be_tried_again(
    event: object,
) -> None:
    for read in (snapshot_in, has_ended):
        with pytest.raises(AirflowException, match="workers and triggerers have the same ver") as e:
            read(event)
        assert not isinstance(e.value, AirflowFailException)


@pytest.mark.parametrize("error", [RateLimitError("slow down"), AmbiguousOutcomeError("who knows")])
def test_an_error_that_passes_may_be_tried_again(error: Exception) -> None:
    with pytest.raises(AirflowException, match=rf"^{error} \({type(error).__name__}\)") as raised:
        snapshot_in(failure(error))

    assert not isinstance(raised.value, AirflowFailException)


def test_an_error_that_stays_is_final() -> None:
    with pytest.raises(AirflowFailException, match=r"^no such cluster \(ClusterNotFoundError\)"):
        snapshot_in(failure(ClusterNotFoundError("no such cluster")))


def test_failed_and_too_late_are_what_the_task_takes_them_for() -> None:
    failed, late = failure(SnapshotFailedError("it failed")), failure(WaitTimeoutError("too late"))

    with pytest.raises(AirflowFailException, match="it failed"):
        snapshot_in(failed, failed=AirflowFailException)
    with pytest.raises(AirflowSensorTimeout, match="too late"):
        snapshot_in(late, too_late=AirflowSensorTimeout)
    for event in (failed, late):
        with pytest.raises(AirflowException) as raised:
            snapshot_in(event)
        assert type(raised.value) is AirflowException


def test_a_snapshot_has_ended_whatever_its_end() -> None:
    assert has_ended({"status": "completed", "snapshot": SNAPSHOT, "deadline": 12.5}) == 12.5
    assert has_ended({**failure(SnapshotFailedError("it failed")), "deadline": 12.5}) == 12.5
    with pytest.raises(AirflowException, match="have the same version"):
        has_ended({"status": "completed", "snapshot": SNAPSHOT})
    with pytest.raises(AirflowException, match="too late"):
        has_ended({**failure(WaitTimeoutError("too late")), "deadline": 12.5})
