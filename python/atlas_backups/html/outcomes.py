"""How takes ended: one as what it gave, many as a table with the failures on top."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from atlas_backups._ends import ENDS, end_of
from atlas_backups.html.errors import error_cell
from atlas_backups.html.figure import cell, column, figure, fitting, grid, head, note, say, scrolled
from atlas_backups.html.markup import Markup
from atlas_backups.html.moments import second
from atlas_backups.html.snapshot import size_of
from atlas_backups.html.status import chip, status_chip
from atlas_backups.html.text import code, count, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from atlas_backups._ends import End
    from atlas_backups.fleet import SnapshotOutcome
    from atlas_backups.html.status import Kind
    from atlas_backups.models import Snapshot

_KINDS: dict[End, Kind] = {"failed": "bad", "unknown": "odd", "wait ended": "run", "taken": "ok"}
_COLUMNS = (
    column("Outcome"),
    column("Cluster", "ab-name"),
    column("What happened", "ab-wide"),  # in sight where the page is narrow
    column("Snapshot"),
    column("Size", "ab-number"),
)


def outcome_table(outcomes: Sequence[SnapshotOutcome], at: datetime) -> Markup:
    """Return the drawing of how takes ended; `at` is the time at which it is drawn."""
    if not outcomes:
        return figure("No outcomes", say("Nothing was asked for."))
    ordered = sorted(outcomes, key=lambda outcome: ENDS.index(end_of(outcome)))
    numbers = Counter(map(end_of, outcomes))
    projects = {_asked(outcome, "group_id") for outcome in outcomes}
    rows = fitting(_row(outcome, has_project=len(projects) > 1) for outcome in ordered)
    return figure(
        "Outcomes",
        head(
            f"{count(len(outcomes))} {'snapshot' if len(outcomes) == 1 else 'snapshots'} asked for",
            *(chip(_KINDS[end], f"{count(numbers[end])} {end}") for end in ENDS if numbers[end]),
        ),
        scrolled("Outcomes", grid(_COLUMNS, rows)),
        note(_left_out(ordered[len(rows) :]), f"Drawn at {second(at)}."),
    )


def _seen(outcome: SnapshotOutcome) -> Snapshot | None:
    """Return the snapshot that it is about: what was taken, or what its error carries."""
    return outcome.snapshot or getattr(outcome.error, "snapshot", None)


def _asked(outcome: SnapshotOutcome, name: str) -> str | None:
    # A request of a wrong type is refused, and stands in its outcome as it was given.
    value = getattr(outcome.request, name, None)
    return None if value is None else str(value)


def _row(outcome: SnapshotOutcome, *, has_project: bool) -> Sequence[Markup]:
    end, snapshot = end_of(outcome), _seen(outcome)
    name, project = _asked(outcome, "cluster_name"), _asked(outcome, "group_id")
    return (
        cell(chip(_KINDS[end], end)),
        cell(name and words(name), code(project) if has_project and project else None),
        _said(outcome),
        cell(
            status_chip(snapshot.status) if snapshot else None,
            code(snapshot.id) if snapshot else None,
        ),
        cell(size_of(snapshot) if snapshot else None, kind="ab-number"),
    )


def _said(outcome: SnapshotOutcome) -> Markup:
    if outcome.error is None:
        return cell(Markup(), kind="ab-wide")
    return error_cell(outcome.error)


def _left_out(rest: Sequence[SnapshotOutcome]) -> str | None:
    if not rest:
        return None
    other = sum(end_of(outcome) != "taken" for outcome in rest)
    return f"{count(len(rest))} more are not shown, {count(other)} of them not taken. "
