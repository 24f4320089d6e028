"""A snapshot in one line of the task's log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups._format import format_size

if TYPE_CHECKING:
    from collections.abc import Mapping


def summary(snapshot: Mapping[str, Any]) -> str:
    """Say in a line what is known of a snapshot, as `result.as_json` gives it."""
    members = snapshot.get("members")
    facts = [
        f"requested {snapshot.get('requested_at')}",
        (time := snapshot.get("created_at")) and f"data of {time}",
        (time := snapshot.get("expires_at")) and f"kept until {time}",
        (count := snapshot.get("storage_size_bytes")) and format_size(count),
        (version := snapshot.get("mongod_version")) and f"MongoDB {version}",
        members and f"{len(members)} parts",
    ]
    known = ", ".join(fact for fact in facts if fact)
    return (
        f"Snapshot {snapshot.get('snapshot_id')} of cluster {snapshot.get('cluster_name')}: "
        f"{snapshot.get('status')} ({known})"
    )
