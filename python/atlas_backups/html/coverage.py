"""How well clusters are backed up, as a table: the newest data, and the last days as a strip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.coverage import WINDOW_DAYS
from atlas_backups.html.errors import error_cell
from atlas_backups.html.figure import (
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
from atlas_backups.html.markup import together
from atlas_backups.html.moments import ago, on, requested, second
from atlas_backups.html.snapshot import rhythm, size_of
from atlas_backups.html.status import chip, status_chip
from atlas_backups.html.strip import strip, strip_names
from atlas_backups.html.text import code, count, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups.coverage import ClusterCoverage, Coverage
    from atlas_backups.html.markup import Markup
    from atlas_backups.html.status import Kind

_MOST_RUNNING = 3  # of one cluster that are named


def coverage_table(coverage: Coverage) -> Markup:
    """Return the drawing of the backups of clusters; ages count from when they were read."""
    if not coverage:
        return figure("No clusters", say("No clusters."), note(_as_of(coverage)))
    rows = fitting(map(_row, coverage))
    more = len(coverage) - len(rows)
    columns = (
        column("Cluster", "ab-name"),
        column("Newest data"),
        column(strip_names(WINDOW_DAYS)),
        column("Size", "ab-number"),
        column("Now", "ab-wide"),
    )
    return figure(
        "Backup coverage",
        head("Backup coverage", *_summary(coverage)),
        scrolled("Backup coverage", grid(columns, rows)),
        note(
            "One square for every 24 hours: outlined, no data of that day; filled, some; stronger, "
            "of three or more snapshots; with a bar below, on demand. ",
            f"The worst come first; {count(more)} more are not shown. " if more else None,
            _as_of(coverage),
        ),
    )


def _as_of(coverage: Coverage) -> str:
    return f"Times are UTC, ages as of {second(coverage.taken_at)}."


def _summary(coverage: Sequence[ClusterCoverage]) -> list[Markup]:
    unread = sum(entry.error is not None for entry in coverage)
    without = sum(entry.error is None and entry.newest is None for entry in coverage)
    covered = len(coverage) - unread - without
    named: tuple[tuple[Kind, int, str], ...] = (
        ("odd", unread, "not read"),
        ("bad", without, "without a snapshot"),
        ("ok", covered, "with a snapshot"),
    )
    return [chip(kind, f"{count(number)} {name}") for kind, number, name in named if number]


def _row(entry: ClusterCoverage) -> Sequence[Markup]:
    project = entry.project_name
    whose = words(project) if project else code(entry.group_id)
    name = entry.cluster_name
    newest = entry.newest
    if entry.error is not None:
        return (
            cell("all clusters" if name is None else words(name or "without a name"), whose),
            cell(chip("odd", "not read")),
            cell(None),
            cell(None, kind="ab-number"),
            error_cell(entry.error),
        )
    return (
        cell(words(name) if name else None, whose),
        cell(
            _age(entry),
            on(newest.created_at) if newest else None,
            kind="ab-tight",
        ),
        cell(strip(entry.scheduled_times, entry.on_demand_times, entry.taken_at, WINDOW_DAYS)),
        cell(
            size_of(newest) if newest else None,
            rhythm(newest) if newest else None,
            kind="ab-number",
        ),
        cell(spaced(*_states(entry)), _ends(entry), kind="ab-wide"),
    )


def _age(entry: ClusterCoverage) -> Markup | None:
    if entry.newest is None:
        return chip("bad", "none")
    time = entry.newest.created_at
    if time is None or entry.age_seconds is None:
        return chip("odd", "age not known")
    return ago(time, max(time, entry.taken_at))


def _states(entry: ClusterCoverage) -> list[Markup]:
    on_or_off = {
        True: chip("ok", "backup on"),
        False: chip("bad", "backup off"),
        None: chip("odd", "backup: not said"),
    }
    chips = [on_or_off[entry.backup_enabled]]
    if entry.paused:
        chips.append(chip("idle", "paused"))
    chips += [status_chip(snapshot.status) for snapshot in entry.running[:_MOST_RUNNING]]
    if more := len(entry.running[_MOST_RUNNING:]):
        chips.append(chip("run", f"{count(more)} more"))
    if entry.failed is not None:
        chips.append(status_chip(entry.failed.status))
    return chips


def _ends(entry: ClusterCoverage) -> Markup | None:
    """Return since when what is not complete was asked for."""
    running = entry.running[:_MOST_RUNNING]
    unfinished = (*running, entry.failed) if entry.failed else running
    said = [
        together(words(snapshot.status or "not said"), ": asked for ", age)
        for snapshot in unfinished
        if (age := ago(requested(snapshot), entry.taken_at))
    ]
    return spaced(*said) if said else None
