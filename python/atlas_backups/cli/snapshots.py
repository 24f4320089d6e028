"""Snapshots as text for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups._quantities import size
from atlas_backups.cli.tables import facts, minute, moment, table
from atlas_backups.models import ShardedClusterSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atlas_backups.models import Snapshot

_COLUMNS = (
    "ID",
    "STATUS",
    "TYPE",
    "REQUESTED (UTC)",
    "EXPIRES (UTC)",
    "SIZE",
    "DESCRIPTION",
)


def details(snapshot: Snapshot) -> str:
    """Return what Atlas has said about a snapshot, one line a fact."""
    status = snapshot.status or "not said"
    moves = "" if snapshot.is_final else " (moves when it completes)"
    return facts(
        {
            "Snapshot": snapshot.id,
            "Status": status if snapshot.is_final else f"{status} (not complete yet)",
            "New": _novelty(snapshot),
            "Cluster": f"{snapshot.cluster_name} ({snapshot.type or 'type not said'})",
            "Project": snapshot.group_id,
            "Type": snapshot.snapshot_type,
            "Description": snapshot.description,
            "Requested": moment(snapshot.requested_at),
            "Created": moment(snapshot.created_at) if snapshot.created_at else None,
            "Expires": moment(snapshot.expires_at) + moves if snapshot.expires_at else None,
            "Size": _size(snapshot),
            "MongoDB": snapshot.mongod_version,
            "Parts": _parts(snapshot),
        }
    )


def summary(snapshot: Snapshot) -> str:
    """Return one line of what tells a snapshot from others."""
    status = snapshot.status or "status not said"
    text = f', "{snapshot.description}"' if snapshot.description else ""
    return (
        f"snapshot {snapshot.id} of {snapshot.cluster_name}, {status}, requested"
        f" {moment(snapshot.requested_at)}{text}"
    )


def listing(snapshots: Iterable[Snapshot]) -> str:
    """Return one line a snapshot."""
    return table(
        _COLUMNS,
        (
            (
                snapshot.id,
                snapshot.status,
                snapshot.snapshot_type,
                minute(snapshot.requested_at),
                minute(snapshot.expires_at),
                _size(snapshot),
                snapshot.description or " ",
            )
            for snapshot in snapshots
        ),
    )


def _novelty(snapshot: Snapshot) -> str | None:
    words = {True: "yes, taken by this call", False: "no, found: this call took none"}
    return None if snapshot.is_new is None else words[snapshot.is_new]


def _size(snapshot: Snapshot) -> str | None:
    # 0 means that Atlas has not said it yet.
    return size(snapshot.storage_size_bytes) if snapshot.storage_size_bytes else None


def _parts(snapshot: Snapshot) -> str | None:
    if not isinstance(snapshot, ShardedClusterSnapshot):
        return None
    return ", ".join(member.replica_set_name or member.id or "?" for member in snapshot.members)
