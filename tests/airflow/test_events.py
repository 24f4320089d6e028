"""Events between trigger and task, also between different versions."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
)

from atlas_backups import AmbiguousOutcomeError, SnapshotFailedError, WaitTimeoutError
from atlas_backups.airflow.events import deadline_of, failure, snapshot_in
from atlas_backups.errors import ClusterNotFoundError, RateLimitError

SNAPSHOT = {"snapshot_id": "6" * 24, "a_task_key_a_later_version": 1}


def test_completed_event_returns_its_snapshot() -> None:
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
def test_unknown_event_raises_retryable_error(
    event: object,
) -> None:
    for read in (snapshot_in, deadline_of):
        with pytest.raises(AirflowException, match="workers and triggerers run the same ver") as e:
            read(event)
        assert not isinstance(e.value, AirflowFailException)


@pytest.mark.parametrize("error", [RateLimitError("slow down"), AmbiguousOutcomeError("who knows")])
def test_transient_error_event_is_retryable(error: Exception) -> None:
    with pytest.raises(AirflowException, match=rf"^{error} \({type(error).__name__}\)") as raised:
        snapshot_in(failure(error))

    assert not isinstance(raised.value, AirflowFailException)


def test_permanent_error_event_fails_without_retry() -> None:
    with pytest.raises(AirflowFailException, match=r"^no such cluster \(ClusterNotFoundError\)"):
        snapshot_in(failure(ClusterNotFoundError("no such cluster")))


def test_failed_and_timeout_events_raise_given_classes() -> None:
    failed, late = failure(SnapshotFailedError("it failed")), failure(WaitTimeoutError("too late"))

    with pytest.raises(AirflowFailException, match="it failed"):
        snapshot_in(failed, failed=AirflowFailException)
    with pytest.raises(AirflowSensorTimeout, match="too late"):
        snapshot_in(late, too_late=AirflowSensorTimeout)
    for event in (failed, late):
        with pytest.raises(AirflowException) as raised:
            snapshot_in(event)
        assert type(raised.value) is AirflowException


def test_a_snapshot_deadline_of_whatever_its_end() -> None:
    assert deadline_of({"status": "completed", "snapshot": SNAPSHOT, "deadline": 12.5}) == 12.5
    assert deadline_of({**failure(SnapshotFailedError("it failed")), "deadline": 12.5}) == 12.5
    with pytest.raises(AirflowException, match="run the same version"):
        deadline_of({"status": "completed", "snapshot": SNAPSHOT})
    with pytest.raises(AirflowException, match="too late"):
        deadline_of({**failure(WaitTimeoutError("too late")), "deadline": 12.5})
