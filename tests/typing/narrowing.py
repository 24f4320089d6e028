"""How results narrow: read by pyright and mypy, never run."""

# ruff: noqa: PYI051  # `| str` opens the labels, as in `models`
from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from atlas_backups import (
    AmbiguousOutcomeError,
    ApiError,
    AtlasError,
    FlexSnapshot,
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    Snapshot,
    SnapshotInProgressError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from typing_extensions import assert_type

    from atlas_backups import (
        Link,
        SnapshotClusterType,
        SnapshotMember,
        SnapshotOutcome,
        SnapshotStatus,
    )


def by_class(snapshot: Snapshot) -> None:
    match snapshot:
        case ShardedClusterSnapshot(members=members, snapshot_ids=ids):
            assert_type(snapshot, ShardedClusterSnapshot)
            assert_type(members, tuple[SnapshotMember, ...])
            assert_type(ids, tuple[str, ...])
        case FlexSnapshot(started_at=started):
            assert_type(snapshot, FlexSnapshot)
            assert_type(started, "datetime | None")
        case ReplicaSetSnapshot(replica_set_name=str(name)):
            assert_type(snapshot, ReplicaSetSnapshot)
            assert_type(name, str)
        case Snapshot(status="completed", created_at=created_at, links=links):
            assert_type(created_at, datetime | None)
            assert_type(links, tuple[Link, ...])
        case _:
            assert_type(snapshot.description, str | None)


def by_isinstance(snapshot: Snapshot) -> None:
    if isinstance(snapshot, ShardedClusterSnapshot):
        assert_type(snapshot.members, tuple[SnapshotMember, ...])


def known_labels(status: SnapshotStatus, kind: SnapshotClusterType) -> None:
    # Only here does a checker tell `Literal[...] | str` from `str`, and only pyright: to mypy they
    # are the same, and read from a field both say `str`. What an editor offers comes from these.
    assert_type(status, Literal["queued", "inProgress", "completed", "failed"] | str)
    assert_type(kind, Literal["replicaSet", "shardedCluster", "flex"] | str)


def by_status(snapshot: Snapshot) -> None:
    match snapshot.status:
        case None:
            assert_type(snapshot.status, None)
        case "completed" | "failed":
            assert_type(snapshot.status, Literal["completed", "failed"])
        case "queued":
            assert_type(snapshot.status, Literal["queued"])
        case unknown:  # labels are open, so this is never left out
            assert_type(unknown, str)
    if snapshot.status is not None:
        assert_type(snapshot.status, str)


def by_type(snapshot: Snapshot) -> None:
    # The label narrows itself, not the snapshot, whose class says the same.
    match snapshot.type:
        case "replicaSet":
            assert_type(snapshot.type, Literal["replicaSet"])
        case "shardedCluster":
            assert_type(snapshot.type, Literal["shardedCluster"])
        case _:
            assert_type(snapshot.type, str | None)


def by_presence(snapshot: Snapshot) -> None:
    assert_type(snapshot.requested_at, datetime)
    assert_type(snapshot.created_at, datetime | None)
    if snapshot.created_at and snapshot.storage_size_bytes is not None:
        assert_type(snapshot.created_at, datetime)
        assert_type(snapshot.storage_size_bytes, int)


def by_error(error: AtlasError) -> None:
    match error:
        case SnapshotInProgressError(snapshot=Snapshot() as running, status=status):
            assert_type(running, Snapshot)
            assert_type(status, int | None)
        case ApiError(error_code=code):
            assert_type(code, str | None)
        case AmbiguousOutcomeError(candidates=candidates):
            assert_type(candidates, tuple[Snapshot, ...])
        case _:
            assert_type(error, AtlasError)


def by_outcome(outcome: SnapshotOutcome) -> None:
    assert_type(outcome.snapshot, Snapshot | None)
    assert_type(outcome.error, AtlasError | None)
    if outcome.snapshot is not None:
        assert_type(outcome.snapshot, Snapshot)
