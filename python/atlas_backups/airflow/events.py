"""What a trigger tells its task, as JSON: a snapshot that is completed, or what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import AirflowException, AirflowFailException
from atlas_backups.airflow.failures import PERMANENT
from atlas_backups.airflow.result import as_json

if TYPE_CHECKING:
    from atlas_backups import Snapshot


def completed(snapshot: Snapshot) -> dict[str, Any]:
    """Return the event of a completed snapshot."""
    return {"status": "completed", "snapshot": as_json(snapshot)}


def failure(error: Exception) -> dict[str, Any]:
    """Return the event of an error; its message holds no secret, as no message here does."""
    return {
        "status": "error",
        "error": type(error).__name__,
        "message": str(error),
        "permanent": isinstance(error, PERMANENT),
    }


def snapshot_of(event: dict[str, Any] | None) -> dict[str, Any]:
    """Return the snapshot of an event.

    Raises:
        AirflowFailException: the event is of an error that another try cannot help.
        AirflowException: it is of another error, or no event of ours.
    """
    if not isinstance(event, dict) or event.get("status") not in ("completed", "error"):
        raise AirflowException(f"the trigger fired an event that nobody here knows: {event!r}")
    if event["status"] == "error":
        kind = AirflowFailException if event.get("permanent") else AirflowException
        raise kind(f"{event.get('error')}: {event.get('message')}")
    return event["snapshot"]
