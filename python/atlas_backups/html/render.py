"""Chooses the drawing of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups._frozen import Record
from atlas_backups.errors import AtlasError
from atlas_backups.html.errors import error_box
from atlas_backups.html.listing import snapshot_listing
from atlas_backups.html.moments import now
from atlas_backups.html.outcomes import outcome_table
from atlas_backups.html.records import record_card
from atlas_backups.html.snapshot import snapshot_card
from atlas_backups.models import Snapshot, SnapshotList, SnapshotOutcome, SnapshotOutcomes

if TYPE_CHECKING:
    from datetime import datetime

    from atlas_backups._shown import Shown
    from atlas_backups.html.markup import Markup


def render(shown: Shown, *, at: datetime | None = None) -> Markup:
    """Draw a result or an exception.

    Args:
        shown: what to draw.
        at: the time from which ages count; `None`: now, by this machine's clock.

    Returns:
        A fragment of HTML that needs nothing else.
    """
    at = at or now()
    if isinstance(shown, Snapshot):
        return snapshot_card(shown, at)
    if isinstance(shown, SnapshotList):
        return snapshot_listing(shown, at)
    if isinstance(shown, SnapshotOutcome):
        return outcome_table((shown,), at)
    if isinstance(shown, SnapshotOutcomes):
        return outcome_table(shown, at)
    if isinstance(shown, AtlasError):
        return error_box(shown, at)
    if isinstance(shown, Record):
        return record_card(shown, at)
    raise TypeError(f"{type(shown).__name__} has no drawing")
