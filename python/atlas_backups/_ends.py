"""How a take of a fleet has ended, in one of four words, for its drawing and its `repr`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from atlas_backups.errors import (
    AmbiguousOutcomeError,
    DuplicateSnapshotsError,
    SnapshotNotFoundError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from atlas_backups.fleet import SnapshotOutcome

End: TypeAlias = Literal["failed", "unknown", "wait ended", "taken"]
ENDS: tuple[End, ...] = get_args(End)
"""In the order in which a person wants to see them."""

_NOT_THE_WAIT = (DuplicateSnapshotsError, SnapshotNotFoundError)


def end_of(outcome: SnapshotOutcome) -> End:
    """Return how it has ended."""
    error, snapshot = outcome.error, outcome.snapshot
    if isinstance(error, AmbiguousOutcomeError) or (error is None and snapshot is None):
        return "unknown"
    if isinstance(error, WaitTimeoutError):
        return "wait ended"  # the snapshot goes on
    if snapshot is None or snapshot.status == "failed" or isinstance(error, _NOT_THE_WAIT):
        return "failed"
    return "wait ended" if error else "taken"
