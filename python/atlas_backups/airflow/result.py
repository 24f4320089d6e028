"""A snapshot as XCom keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups import ReplicaSetSnapshot, ShardedClusterSnapshot

if TYPE_CHECKING:
    from datetime import datetime

    from atlas_backups import Snapshot


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return what a task returns of a snapshot: JSON's types, times as ISO 8601 in UTC.

    Keys are added in later versions, never removed or renamed.
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
