"""Tables: a list of snapshots, the outcomes of a fleet, the coverage of clusters."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from atlas_backups.coverage import WINDOW_DAYS
from atlas_backups.fleet import OUTCOME_KINDS, classify
from atlas_backups.html import components as ui
from atlas_backups.html.calendar import calendar, calendar_labels
from atlas_backups.html.cards import data_delay, description_of, error_cell, size_of, trigger_of
from atlas_backups.html.markup import SENTENCE, Markup, code, concat, element, thousands, user_text
from atlas_backups.html.timeline import Axis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from atlas_backups.coverage import ClusterCoverage, Coverage
    from atlas_backups.fleet import OutcomeKind, SnapshotOutcome
    from atlas_backups.html.markup import Child
    from atlas_backups.models import Snapshot

    Row = Sequence[ui.Cell]

_MAX_STATES = 6
_MAX_RUNNING = 3  # of one cluster
_BAR_WIDTH = 64
_OUTCOME_KINDS: dict[OutcomeKind, ui.Kind] = {
    "failed": "bad",
    "unknown": "odd",
    "wait ended": "run",
    "taken": "ok",
}
_OUTCOME_COLUMNS = (
    ui.Column("Outcome"),
    ui.Column("Cluster", "ab-name"),
    ui.Column("Error", "ab-wide"),  # visible on a narrow page
    ui.Column("Snapshot"),
    ui.Column("Size", "ab-number"),
)


def snapshot_table(snapshots: Sequence[Snapshot], now: datetime) -> Markup:
    """Return a list of snapshots with their timelines; ages count from `now`."""
    if not snapshots:
        return ui.figure("No snapshots", ui.paragraph("No snapshots."))
    clusters = {snapshot.cluster_name for snapshot in snapshots}
    has_clusters = len(clusters) > 1
    shown = snapshots[: ui.MAX_ROWS]
    axis = Axis.of(shown, now)
    largest = max(snapshot.storage_size_bytes or 0 for snapshot in shown)
    count = len(snapshots)
    title = concat(
        f"{thousands(count)} {'snapshot' if count == 1 else 'snapshots'} of ",
        f"{len(clusters)} clusters" if has_clusters else user_text(min(clusters)),
    )
    columns = [
        ui.Column("Status"),
        ui.Column("Cluster", "ab-name") if has_clusters else None,
        _requested_column(shown),
        ui.Column("Data of", "ab-tight"),
        ui.Column("Kept until", "ab-tight"),
        ui.Column(axis.labels()),
        ui.Column("Size", "ab-number"),
        ui.Column("Description", "ab-wide"),
    ]
    table, number = ui.data_table(
        [it for it in columns if it is not None],
        (_snapshot_row(it, now, axis, largest, has_clusters) for it in shown),
    )
    left_out = (
        f"The first {number} are shown, {thousands(count - number)} are not: "
        f"for the next ones take a slice, [{number}:{2 * number}]. "
    )
    as_of = f"Times are UTC, ages as of {ui.format_second(now)}."
    notes = (left_out if number < count else None, as_of)
    return _figure("Snapshots", title, _status_counts(snapshots), table, notes)


def outcome_table(outcomes: Sequence[SnapshotOutcome], now: datetime) -> Markup:
    """Return the outcomes of a fleet, failures first."""
    if not outcomes:
        return ui.figure("No outcomes", ui.paragraph("No snapshots were requested."))
    ordered = sorted(outcomes, key=lambda outcome: OUTCOME_KINDS.index(classify(outcome)))
    counts = Counter(map(classify, outcomes))
    has_projects = len({_requested(outcome, "group_id") for outcome in outcomes}) > 1
    rows = (_outcome_row(outcome, has_projects) for outcome in ordered)
    table, shown = ui.data_table(_OUTCOME_COLUMNS, rows)
    rest = ordered[shown:]
    not_taken = sum(classify(outcome) != "taken" for outcome in rest)
    left_out = (
        f"{thousands(len(rest))} more are not shown, {thousands(not_taken)} of them not taken. "
    )
    badges = (
        ui.badge(_OUTCOME_KINDS[end], f"{thousands(counts[end])} {end}")
        for end in OUTCOME_KINDS
        if counts[end]
    )
    noun = "snapshot" if len(outcomes) == 1 else "snapshots"
    title = f"{thousands(len(outcomes))} {noun} requested"
    notes = (left_out if rest else None, f"Drawn at {ui.format_second(now)}.")
    return _figure("Outcomes", title, badges, table, notes)


def coverage_table(coverage: Coverage) -> Markup:
    """Return the backups of clusters; ages count from the time of the read."""
    as_of = f"Times are UTC, ages as of {ui.format_second(coverage.taken_at)}."
    if not coverage:
        return ui.figure("No clusters", ui.paragraph("No clusters."), ui.footnote(as_of))
    failed = sum(entry.error is not None for entry in coverage)
    without = sum(entry.error is None and entry.newest is None for entry in coverage)
    counts: tuple[tuple[ui.Kind, int, str], ...] = (
        ("odd", failed, "not read"),
        ("bad", without, "without a snapshot"),
        ("ok", len(coverage) - failed - without, "with a snapshot"),
    )
    badges = (ui.badge(kind, f"{thousands(it)} {name}") for kind, it, name in counts if it)
    columns = (
        ui.Column("Cluster", "ab-name"),
        ui.Column("Newest data", "ab-tight"),
        ui.Column(calendar_labels(WINDOW_DAYS)),
        ui.Column("Size", "ab-number"),
        ui.Column("Now", "ab-wide"),
    )
    table, shown = ui.data_table(columns, map(_coverage_row, coverage))
    more = len(coverage) - shown
    legend = (
        "One square per 24 hours: empty = no snapshot, green = snapshot "
        "(dark green: 3 or more), blue bar = on demand. "
    )
    left_out = f"The worst come first; {thousands(more)} more are not shown. " if more else None
    return _figure("Backup coverage", "Backup coverage", badges, table, (legend, left_out, as_of))


def _figure(
    label: str, title: Child, badges: Iterable[Markup], table: Markup, notes: Iterable[Child]
) -> Markup:
    head, body = ui.header(title, *badges), ui.scroll_box(label, table)
    return ui.figure(label, head, body, ui.footnote(*notes))


def _snapshot_row(
    snapshot: Snapshot, now: datetime, axis: Axis, largest: int, has_cluster: bool
) -> Row:
    requested, expires = ui.requested_at(snapshot), snapshot.expires_at
    text, tag = description_of(snapshot), snapshot.idempotency_tag
    key_tag = concat("key tag ", code(tag)) if tag else None
    return [
        (ui.status_badge(snapshot.status), trigger_of(snapshot)),
        *([user_text(snapshot.cluster_name)] if has_cluster else ()),
        (ui.relative_time(requested, now), ui.absolute_time(requested)),
        (data_delay(snapshot), ui.absolute_time(snapshot.created_at)),
        (ui.relative_time(expires, now), ui.absolute_time(expires)),
        axis.line(snapshot),
        (size_of(snapshot), _size_bar(snapshot, largest)),
        (
            user_text(text, SENTENCE) if text else "",
            concat(code(snapshot.id), key_tag, separator=" "),
        ),
    ]


def _requested_column(snapshots: Sequence[Snapshot]) -> ui.Column:
    times = [ui.requested_at(snapshot) for snapshot in snapshots]
    is_sorted = all(a and b and a >= b for a, b in pairwise(times)) and len(times) > 1
    if not is_sorted:
        return ui.Column("Requested", "ab-tight")
    arrow = element("span", " ▾", aria_hidden="true")
    return ui.Column(concat("Requested", arrow), "ab-tight", "descending")


def _size_bar(snapshot: Snapshot, largest: int) -> Markup | None:
    count = snapshot.storage_size_bytes or 0
    if count <= 0:
        return None
    width = max(1.0, _BAR_WIDTH * count / largest)
    x = _BAR_WIDTH - width
    bar = element("rect", x=x, width=width, height=4, rx=1, fill="currentColor")
    return ui.svg(_BAR_WIDTH, 4, bar)


def _status_counts(snapshots: Sequence[Snapshot]) -> list[Markup]:
    counted = Counter(snapshot.status for snapshot in snapshots).most_common()
    badges = [
        ui.badge(
            ui.badge_kind(status), f"{thousands(number)} {'unknown' if status is None else status}"
        )
        for status, number in counted[:_MAX_STATES]
    ]
    more = len(counted) - _MAX_STATES
    if more > 0:
        badges.append(element("span", f"and {more} more labels", class_="ab-soft"))
    return badges


def _outcome_row(outcome: SnapshotOutcome, has_project: bool) -> Row:
    end = classify(outcome)
    snapshot: Snapshot | None = outcome.snapshot or getattr(outcome.error, "snapshot", None)
    name, project = _requested(outcome, "cluster_name"), _requested(outcome, "group_id")
    return (
        ui.badge(_OUTCOME_KINDS[end], end),
        (name and user_text(name), code(project) if has_project and project else None),
        error_cell(outcome.error) if outcome.error else "",
        (ui.status_badge(snapshot.status), code(snapshot.id)) if snapshot else None,
        size_of(snapshot) if snapshot else None,
    )


def _requested(outcome: SnapshotOutcome, name: str) -> str | None:
    # The outcome of a request of a wrong type contains it unchanged.
    value = getattr(outcome.request, name, None)
    return None if value is None else str(value)


def _coverage_row(entry: ClusterCoverage) -> Row:
    project, name, newest = entry.project_name, entry.cluster_name, entry.newest
    owner = user_text(project) if project else code(entry.group_id)
    if entry.error is not None:
        cluster = "all clusters" if name is None else user_text(name or "without a name")
        return ((cluster, owner), ui.badge("odd", "not read"), None, None, error_cell(entry.error))
    return (
        (user_text(name) if name else None, owner),
        (_age(entry), ui.absolute_time(newest.created_at) if newest else None),
        calendar(entry.scheduled_times, entry.on_demand_times, entry.taken_at, WINDOW_DAYS),
        (size_of(newest), trigger_of(newest)) if newest else None,
        (concat(*_states(entry), separator=" "), _unfinished(entry)),
    )


def _age(entry: ClusterCoverage) -> Markup | None:
    if entry.newest is None:
        return ui.badge("bad", "none")
    time = entry.newest.created_at
    if time is None or entry.age_seconds is None:
        return ui.badge("odd", "age unknown")
    return ui.relative_time(time, max(time, entry.taken_at))


def _states(entry: ClusterCoverage) -> list[Markup]:
    backup = {
        True: ui.badge("ok", "backup on"),
        False: ui.badge("bad", "backup off"),
        None: ui.badge("odd", "backup unknown"),
    }
    badges = [backup[entry.backup_enabled]]
    if entry.paused:
        badges.append(ui.badge("idle", "paused"))
    badges += [ui.status_badge(snapshot.status) for snapshot in entry.running[:_MAX_RUNNING]]
    if more := len(entry.running[_MAX_RUNNING:]):
        badges.append(ui.badge("run", f"{thousands(more)} more"))
    if entry.failed is not None:
        badges.append(ui.status_badge(entry.failed.status))
    return badges


def _unfinished(entry: ClusterCoverage) -> Markup | None:
    """Return the ages of the snapshots that are running or have failed."""
    running = entry.running[:_MAX_RUNNING]
    lines = [
        concat(user_text(snapshot.status or "unknown"), ": requested ", age)
        for snapshot in ((*running, entry.failed) if entry.failed else running)
        if (age := ui.relative_time(ui.requested_at(snapshot), entry.taken_at))
    ]
    return concat(*lines, separator=" ") if lines else None
