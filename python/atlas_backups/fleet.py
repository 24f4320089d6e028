"""The requests and outcomes of `take_snapshots`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from atlas_backups._immutable import FrozenModel, FrozenSequence
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    AtlasError,
    DuplicateSnapshotsError,
    SnapshotNotFoundError,
    WaitTimeoutError,
)
from atlas_backups.models import Snapshot

OutcomeKind: TypeAlias = Literal["failed", "unknown", "wait ended", "taken"]
OUTCOME_KINDS: tuple[OutcomeKind, ...] = get_args(OutcomeKind)
"""In display order."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SnapshotRequest(FrozenModel):
    """One take of `take_snapshots`; its values are validated when it is submitted.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        group_id: id of the project, 24 hexadecimal digits in lower case.
        cluster_name: name of the cluster.
        description: text to keep with the snapshot; `None`: none.
        retention_in_days: days to keep it; `None`: what Atlas chooses.
        idempotency_key: as for `take_snapshot`; `None`: another snapshot at every run.
    """

    group_id: str
    cluster_name: str
    description: str | None = None
    retention_in_days: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SnapshotOutcome(FrozenModel):
    """The outcome of one take of `take_snapshots`.

    Safe to share between threads; it pickles with its error.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        request: the request.
        snapshot: the snapshot as last seen; `None`: none was taken, or that is unknown.
        error: why it failed; `None`: it succeeded.
    """

    request: SnapshotRequest
    snapshot: Snapshot | None = None
    error: AtlasError | None = None


class SnapshotOutcomes(FrozenSequence[SnapshotOutcome]):
    """An immutable sequence of outcomes.

    `SnapshotOutcomes(atlas.take_snapshots(requests))` runs all takes; a notebook renders it as a
    table, failures first. Slices are of the same class. Safe to share between threads; it pickles
    with its errors.

    Args:
        items: its items, in this order; an iterator is exhausted.
    """

    __slots__ = ()

    _item = SnapshotOutcome

    @property
    def failed(self) -> SnapshotOutcomes:
        """The outcomes with an error: failed, unknown, or a wait that timed out."""
        return SnapshotOutcomes(outcome for outcome in self if outcome.error is not None)

    def __repr__(self) -> str:
        counts = Counter(map(classify, self))
        parts = [f"{counts[kind]} {kind}" for kind in OUTCOME_KINDS if counts[kind]]
        return f"SnapshotOutcomes({', '.join(parts) or 'none'})"


def classify(outcome: SnapshotOutcome) -> OutcomeKind:
    """Return how a take of a fleet ended, for its `repr` and its HTML."""
    error, snapshot = outcome.error, outcome.snapshot
    if isinstance(error, AmbiguousOutcomeError) or (error is None and snapshot is None):
        return "unknown"
    if isinstance(error, WaitTimeoutError):
        return "wait ended"  # the snapshot is still in progress
    if snapshot is None or snapshot.status == "failed":
        return "failed"
    if isinstance(error, DuplicateSnapshotsError | SnapshotNotFoundError):
        return "failed"
    return "wait ended" if error else "taken"
