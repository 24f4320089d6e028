"""A snapshot as JSON for XCom, and as one line for the task log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups import ReplicaSetSnapshot, ShardedClusterSnapshot
from atlas_backups._format import format_size

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atlas_backups import Snapshot


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot in JSON types, times as ISO 8601 in UTC.

    Later versions may add keys, but never remove or rename one.
    """
    found: dict[str, Any] = {
        "snapshot_id": snapshot.id,
        "group_id": snapshot.group_id,
        "cluster_name": snapshot.cluster_name,
        "status": snapshot.status,
        "type": snapshot.type,
        "snapshot_type": snapshot.snapshot_type,
        "description": snapshot.description,
        "requested_at": _iso(snapshot.requested_at),
        "created_at": _iso(snapshot.created_at),
        "expires_at": _iso(snapshot.expires_at),
        "storage_size_bytes": snapshot.storage_size_bytes,
        "mongod_version": snapshot.mongod_version,
        "cloud_provider": None,
        "replica_set_name": None,
        "members": [],
    }
    if isinstance(snapshot, ReplicaSetSnapshot):
        found["cloud_provider"] = snapshot.cloud_provider
        found["replica_set_name"] = snapshot.replica_set_name
    if isinstance(snapshot, ShardedClusterSnapshot):
        found["members"] = [
            {
                "snapshot_id": member.id,
                "cloud_provider": member.cloud_provider,
                "replica_set_name": member.replica_set_name,
            }
            for member in snapshot.members
        ]
    return found


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")


def summary(snapshot: Mapping[str, Any]) -> str:
    """Return one line about a snapshot, as returned by `as_json`."""
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
