"""Events from a trigger to its task, in JSON types: a completed snapshot, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from atlas_backups.airflow.compat import AirflowException, AirflowFailException
from atlas_backups.airflow.errors import is_permanent
from atlas_backups.airflow.snapshot_json import as_json
from atlas_backups.errors import SnapshotFailedError, WaitTimeoutError

if TYPE_CHECKING:
    from atlas_backups import Snapshot

_COMPLETED = "completed"
_FAILED = "failed"
_TIMEOUT = "timeout"
_ERROR = "error"


def completed(snapshot: Snapshot) -> dict[str, Any]:
    """Return the event of a completed snapshot."""
    return {"status": _COMPLETED, "snapshot": as_json(snapshot)}


def failure(error: Exception) -> dict[str, Any]:
    """Return the event of an error; no message contains a secret."""
    status = _ERROR
    if isinstance(error, SnapshotFailedError):
        status = _FAILED
    elif isinstance(error, WaitTimeoutError):
        status = _TIMEOUT
    return {
        "status": status,
        "error": type(error).__name__,
        "message": str(error),
        "permanent": is_permanent(error),
    }


def snapshot_in(
    event: object,
    *,
    failed: type[AirflowException] = AirflowException,
    too_late: type[AirflowException] = AirflowException,
) -> dict[str, Any]:
    """Return the snapshot of an event.

    Args:
        event: the payload of the trigger.
        failed: exception for a failed snapshot.
        too_late: exception for a timeout.

    Raises:
        AirflowFailException: the event is a permanent error.
        AirflowException: it is another error, or no event of this package.
    """
    known = _known(event)
    status, snapshot = known.get("status"), known.get("snapshot")
    if status == _COMPLETED and isinstance(snapshot, dict):
        return cast("dict[str, Any]", snapshot)
    if status not in (_FAILED, _TIMEOUT, _ERROR) or "message" not in known:
        raise _unknown(event)
    if known.get("permanent"):
        kind: type[AirflowException] = AirflowFailException
    else:
        kind = {_FAILED: failed, _TIMEOUT: too_late, _ERROR: AirflowException}[status]
    raise kind(f"{known['message']} ({known.get('error')})")


def deadline_of(event: object) -> float:
    """Return the deadline in an event of a completed or failed snapshot.

    Raises:
        AirflowException: the snapshot is in progress; as for `snapshot_in`.
    """
    known = _known(event)
    if known.get("status") != _FAILED:
        snapshot_in(event)
    deadline = known.get("deadline")
    if not isinstance(deadline, float):
        raise _unknown(event)
    return deadline


def _known(event: object) -> dict[str, Any]:
    return cast("dict[str, Any]", event) if isinstance(event, dict) else {}


def _unknown(event: object) -> AirflowException:
    return AirflowException(
        f"unknown event {event!r}: do workers and triggerers run the same version of "
        "atlas-backups? A retry of the task finds the same snapshot"
    )
