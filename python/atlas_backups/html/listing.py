"""Snapshots as a table, one row each, with their lives as lines under each other."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from atlas_backups.html.figure import (
    MOST_ROWS,
    cell,
    column,
    figure,
    fitting,
    grid,
    head,
    note,
    say,
    scrolled,
    spaced,
)
from atlas_backups.html.lifeline import Axis
from atlas_backups.html.markup import Markup, element, together
from atlas_backups.html.moments import ago, on, requested, second
from atlas_backups.html.snapshot import cut_point, described, rhythm, size_of
from atlas_backups.html.status import chip, kind_of, status_chip
from atlas_backups.html.text import SENTENCE, code, count, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from atlas_backups.models import Snapshot

_MOST_STATES = 6
_BAR = 64


def snapshot_listing(snapshots: Sequence[Snapshot], at: datetime) -> Markup:
    """Return the drawing of a list; `at` is the time from which ages count."""
    if not snapshots:
        return figure("No snapshots", say("No snapshots."))
    clusters = {snapshot.cluster_name for snapshot in snapshots}
    whose = words(min(clusters)) if len(clusters) == 1 else f"{len(clusters)} clusters"
    has_clusters = len(clusters) > 1
    first = snapshots[:MOST_ROWS]
    axis = Axis.of(first, at)
    largest = max(snapshot.storage_size_bytes or 0 for snapshot in first)
    rows = fitting(_row(it, at, axis, largest, has_clusters) for it in first)
    title = f"{count(len(snapshots))} {'snapshot' if len(snapshots) == 1 else 'snapshots'} of "
    return figure(
        "Snapshots",
        head(together(title, whose), *_states(snapshots)),
        scrolled("Snapshots", grid(_columns(first, axis, has_clusters), rows)),
        note(_left_out(len(snapshots), len(rows)), f"Times are UTC, ages as of {second(at)}."),
    )


def brief_listing(snapshots: Sequence[Snapshot], at: datetime) -> Markup:
    """Return a table of the few snapshots that something is about."""
    columns = (column("Status"), column("Requested"), column("Cluster"), column("Id"))
    rows = (
        (
            cell(status_chip(snapshot.status)),
            cell(ago(requested(snapshot), at), on(requested(snapshot)), kind="ab-tight"),
            cell(words(snapshot.cluster_name)),
            cell(code(snapshot.id)),
        )
        for snapshot in snapshots
    )
    shown = fitting(rows)
    more = len(snapshots) - len(shown)
    left_out = note(f"{count(more)} more are not shown.") if more else None
    return together(grid(columns, shown), left_out)


def _columns(snapshots: Sequence[Snapshot], axis: Axis, has_clusters: bool) -> list[Markup]:
    columns = [
        column("Status"),
        _requested_column(snapshots),
        column("Data of"),
        column("Kept until"),
        column(axis.names()),
        column("Size", "ab-number"),
        column("Description", "ab-wide"),
    ]
    if has_clusters:
        columns.insert(1, column("Cluster", "ab-name"))
    return columns


def _row(
    snapshot: Snapshot, at: datetime, axis: Axis, largest: int, has_cluster: bool
) -> list[Markup]:
    asked = requested(snapshot)
    text = described(snapshot)
    tag = snapshot.idempotency_tag
    cells = [
        cell(status_chip(snapshot.status), rhythm(snapshot)),
        cell(ago(asked, at), on(asked), kind="ab-tight"),
        cell(cut_point(snapshot), on(snapshot.created_at), kind="ab-tight"),
        cell(ago(snapshot.expires_at, at), on(snapshot.expires_at), kind="ab-tight"),
        cell(axis.line(snapshot)),
        cell(size_of(snapshot), _bar(snapshot, largest), kind="ab-number"),
        cell(
            words(text, SENTENCE) if text else Markup(),
            spaced(code(snapshot.id), together("key tag ", code(tag)) if tag else None),
            kind="ab-wide",
        ),
    ]
    if has_cluster:
        cells.insert(1, cell(words(snapshot.cluster_name)))
    return cells


def _requested_column(snapshots: Sequence[Snapshot]) -> Markup:
    times = [requested(snapshot) for snapshot in snapshots]
    is_sorted = all(a and b and a >= b for a, b in pairwise(times)) and len(times) > 1
    if not is_sorted:
        return column("Requested")
    arrow = element("span", " ▾", aria_hidden="true")
    return column(together("Requested", arrow), aria_sort="descending")


def _bar(snapshot: Snapshot, largest: int) -> Markup | None:
    count = snapshot.storage_size_bytes or 0
    if count <= 0:
        return None
    width = max(1.0, _BAR * count / largest)
    bar = element("rect", x=_BAR - width, width=width, height=4, rx=1, fill="currentColor")
    return element("svg", bar, width=_BAR, height=4, viewBox=f"0 0 {_BAR} 4", aria_hidden="true")


def _states(snapshots: Sequence[Snapshot]) -> list[Markup]:
    counted = Counter(snapshot.status for snapshot in snapshots).most_common()
    chips = [
        chip(kind_of(status), f"{count(number)} {'not said' if status is None else status}")
        for status, number in counted[:_MOST_STATES]
    ]
    more = len(counted) - _MOST_STATES
    if more > 0:
        chips.append(element("span", f"and {more} more labels", class_="ab-soft"))
    return chips


def _left_out(number: int, shown: int) -> str | None:
    more = number - shown
    if not more:
        return None
    return (
        f"The first {shown} are shown, {count(more)} are not: "
        f"for the next ones take a slice, [{shown}:{2 * shown}]. "
    )
