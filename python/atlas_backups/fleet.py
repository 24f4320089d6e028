"""What goes into `take_snapshots`, and what comes out of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from atlas_backups._ends import ENDS, end_of
from atlas_backups._frozen import Items, Record
from atlas_backups.errors import AtlasError
from atlas_backups.models import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SnapshotRequest(Record):
    """One take of `take_snapshots`; the values are checked when it is its turn.

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
class SnapshotOutcome(Record):
    """How one take of `take_snapshots` ended.

    Safe to share between threads; it pickles with its error.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        request: what was asked for.
        snapshot: what was taken, as last seen; `None`: nothing, or nobody knows.
        error: what went wrong; `None`: what was asked for is true.
    """

    request: SnapshotRequest
    snapshot: Snapshot | None = None
    error: AtlasError | None = None


class SnapshotOutcomes(Items[SnapshotOutcome]):
    """How the takes of `take_snapshots` ended, in one place: an immutable sequence.

    `SnapshotOutcomes(atlas.take_snapshots(requests))` runs them all and keeps what comes; in a
    notebook it shows itself, the failures on top. Slices are of the same kind. Safe to share
    between threads; it pickles with the errors in it.

    Args:
        items: what it holds, in this order; an iterator is run to its end.
    """

    __slots__ = ()

    _item = SnapshotOutcome

    @property
    def failed(self) -> SnapshotOutcomes:
        """Those with an error, whether it means failed, unknown, or a wait that ended."""
        return SnapshotOutcomes(outcome for outcome in self if outcome.error is not None)

    def __repr__(self) -> str:
        numbers = Counter(map(end_of, self))
        counted = ", ".join(f"{numbers[end]} {end}" for end in ENDS if numbers[end])
        return f"SnapshotOutcomes({counted or 'none'})"
