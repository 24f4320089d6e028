"""Arguments that Python itself has to understand; the others are checked by the core."""

from __future__ import annotations

from typing import TypeAlias, cast

from atlas_backups.errors import InvalidArgumentError
from atlas_backups.models import ShardedClusterSnapshot, Snapshot

Address: TypeAlias = tuple[str, str, str, bool]
"""What the core wants to know of a snapshot: project, cluster, id, whether it is sharded."""


def address(
    group_id: str | Snapshot, cluster_name: str | None, snapshot_id: str | Snapshot | None
) -> Address:
    """Return the address; whether its parts are well-formed is for the core to say.

    Raises:
        InvalidArgumentError: a part is missing, or a snapshot is of another cluster.
    """
    if isinstance(group_id, Snapshot):
        if cluster_name is not None or snapshot_id is not None:
            raise InvalidArgumentError(
                "a Snapshot knows its cluster and its id: give nothing beside it"
            )
        return _of(group_id)
    if cluster_name is None or snapshot_id is None:
        raise InvalidArgumentError(
            "give group_id, cluster_name and snapshot_id, or one Snapshot instead of the three"
        )
    if not isinstance(snapshot_id, Snapshot):
        return group_id, cluster_name, snapshot_id, False
    found = _of(snapshot_id)
    named = (group_id, cluster_name)
    if not all(isinstance(cast("object", part), str) for part in named):
        # The core says what is wrong with them.
        return *named, *found[2:]
    if found[:2] != named:
        raise InvalidArgumentError(
            f"snapshot {snapshot_id.id} is of cluster {snapshot_id.cluster_name} in project "
            f"{snapshot_id.group_id}, not of the one that was named"
        )
    return found


def _of(snapshot: Snapshot) -> Address:
    is_sharded = isinstance(cast("object", snapshot), ShardedClusterSnapshot)
    return snapshot.group_id, snapshot.cluster_name, snapshot.id, is_sharded


def flag(name: str, value: object) -> bool:
    """Return a boolean.

    Raises:
        InvalidArgumentError: it is something else.
    """
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"{name} must be a bool, not {type(value).__name__}")
    return value
