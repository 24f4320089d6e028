"""Results and exceptions as HTML for notebooks: no scripts, no external resources."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import singledispatch
from typing import TYPE_CHECKING

from atlas_backups._immutable import FrozenModel
from atlas_backups.coverage import ClusterCoverage, Coverage
from atlas_backups.errors import AtlasError
from atlas_backups.fleet import SnapshotOutcome, SnapshotOutcomes
from atlas_backups.html.cards import error_card, response_card, result_card, snapshot_card
from atlas_backups.html.tables import coverage_table, outcome_table, snapshot_table
from atlas_backups.models import RawResponse, Snapshot, SnapshotList

if TYPE_CHECKING:
    from atlas_backups.html.markup import Markup


def render(value: object, *, at: datetime | None = None) -> Markup:
    """Draw a result or an exception.

    Args:
        value: what to draw.
        at: the time from which ages count; `None`: now. A coverage has a time of its own.

    Returns:
        A self-contained fragment of HTML.
    """
    return _draw(value, at or datetime.now(timezone.utc))


@singledispatch
def _draw(value: object, _now: datetime) -> Markup:
    raise TypeError(f"{type(value).__name__} has no drawing")


def _outcome(outcome: SnapshotOutcome, now: datetime) -> Markup:
    return outcome_table((outcome,), now)


def _coverage(coverage: Coverage, _now: datetime) -> Markup:
    return coverage_table(coverage)


def _cluster_coverage(entry: ClusterCoverage, _now: datetime) -> Markup:
    return coverage_table(Coverage((entry,), taken_at=entry.taken_at))


_draw.register(FrozenModel, result_card)
_draw.register(RawResponse, response_card)
_draw.register(Snapshot, snapshot_card)
_draw.register(SnapshotList, snapshot_table)
_draw.register(SnapshotOutcome, _outcome)
_draw.register(SnapshotOutcomes, outcome_table)
_draw.register(ClusterCoverage, _cluster_coverage)
_draw.register(Coverage, _coverage)
_draw.register(AtlasError, error_card)
