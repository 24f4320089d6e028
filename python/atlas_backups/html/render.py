"""Chooses the drawing of an object, by its class."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from atlas_backups._frozen import Record
from atlas_backups.coverage import ClusterCoverage, Coverage
from atlas_backups.errors import AtlasError
from atlas_backups.fleet import SnapshotOutcome, SnapshotOutcomes
from atlas_backups.html.coverage import coverage_table
from atlas_backups.html.errors import error_box
from atlas_backups.html.listing import snapshot_listing
from atlas_backups.html.moments import now
from atlas_backups.html.outcomes import outcome_table
from atlas_backups.html.records import answer_card, record_card
from atlas_backups.html.snapshot import snapshot_card
from atlas_backups.models import (
    RawResponse,
    Snapshot,
    SnapshotList,
)

if TYPE_CHECKING:
    from datetime import datetime

    from atlas_backups.html.markup import Markup


def render(shown: object, *, at: datetime | None = None) -> Markup:
    """Draw a result or an exception.

    Args:
        shown: what to draw.
        at: the time from which ages count; `None`: now, by this machine's clock. That of a
            coverage is its own.

    Returns:
        A fragment of HTML that needs nothing else.
    """
    return _draw(shown, at or now())


@singledispatch
def _draw(shown: object, _at: datetime) -> Markup:
    raise TypeError(f"{type(shown).__name__} has no drawing")


def _outcome(outcome: SnapshotOutcome, at: datetime) -> Markup:
    return outcome_table((outcome,), at)


def _cluster_coverage(entry: ClusterCoverage, _at: datetime) -> Markup:
    return coverage_table(Coverage((entry,), taken_at=entry.taken_at))


def _coverage(coverage: Coverage, _at: datetime) -> Markup:
    return coverage_table(coverage)


_draw.register(Record, record_card)
_draw.register(RawResponse, answer_card)
_draw.register(Snapshot, snapshot_card)
_draw.register(SnapshotList, snapshot_listing)
_draw.register(SnapshotOutcome, _outcome)
_draw.register(SnapshotOutcomes, outcome_table)
_draw.register(ClusterCoverage, _cluster_coverage)
_draw.register(Coverage, _coverage)
_draw.register(AtlasError, error_box)
