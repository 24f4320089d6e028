"""What a trigger tells its task, as JSON: a snapshot that is completed, or what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from atlas_backups.airflow.compat import AirflowException, AirflowFailException
from atlas_backups.airflow.failures import is_permanent
from atlas_backups.airflow.messages import sentence_first
from atlas_backups.airflow.result import as_json
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
    """Return the event of an error; its message holds no secret, as no message here does."""
    status = _ERROR
    if isinstance(error, SnapshotFailedError):
        status = _FAILED
    elif isinstance(error, WaitTimeoutError):
        status = _TIMEOUT
    return {
        "status": status,
        "error": type(error).__name__,
        "message": sentence_first(error),
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
        event: what the trigger fired.
        failed: what to raise when the snapshot has failed.
        too_late: what to raise when the time was over.

    Raises:
        AirflowFailException: the event is of an error that another try cannot help.
        AirflowException: it is of another error, or no event of this package.
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


def has_ended(event: object) -> float:
    """Return the deadline that an event carries on, if its snapshot has ended in any way.

    Raises:
        AirflowException: it has not; as of `snapshot_in`.
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
        f"the trigger said {event!r}, which this version of atlas-backups does not know: do "
        "workers and triggerers have the same version? Another try finds the snapshot again"
    )
