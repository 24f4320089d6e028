"""The parts of every drawing: frame, tables, texts, badges, times."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from atlas_backups._format import format_duration, format_duration_precise
from atlas_backups.html.markup import Child, Markup, concat, element, user_text
from atlas_backups.html.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from atlas_backups.models import Snapshot

Kind: TypeAlias = Literal["ok", "run", "idle", "bad", "odd"]
Cell: TypeAlias = "Child | tuple[Child, Child]"
"""A value, or a value and a smaller line below."""

MAX_ROWS = 100
_MAX_BYTES = 400_000
_MAX_LABEL = 40
_KINDS: dict[str | None, Kind] = {
    "completed": "ok",
    "inProgress": "run",
    "queued": "idle",
    "failed": "bad",
}


class Column(NamedTuple):
    """A column of a table: its header, the class of its cells, and how it is sorted."""

    name: Child
    kind: str | None = None
    sort: str | None = None


def figure(label: str, *parts: Child, kind: str = "") -> Markup:
    """Return a complete drawing with its style; screen readers read `label`."""
    classes = f"atlas-backups {kind}".rstrip()
    return element("div", STYLE, *parts, class_=classes, role="group", aria_label=label)


def header(title: Child, *more: Child) -> Markup:
    """Return the first line."""
    return element("div", element("span", title, class_="ab-title"), *more, class_="ab-head")


def field_table(fields: Mapping[str, Child]) -> Markup:
    """Return names and values in two columns, unknown values left out."""
    rows = (
        element("tr", element("th", name, scope="row"), element("td", value))
        for name, value in fields.items()
        if value is not None
    )
    return element("table", element("tbody", *rows), class_="ab-facts")


def data_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> tuple[Markup, int]:
    """Return a table and its number of rows, which is limited for the browser."""
    left = _MAX_BYTES
    lines: list[Markup] = []
    for row in islice(rows, MAX_ROWS):
        line = element("tr", *map(_cell, row, columns))
        left -= len(line.encode())
        if left < 0 and lines:
            break
        lines.append(line)
    names = (
        element("th", it.name, scope="col", class_=it.kind, aria_sort=it.sort) for it in columns
    )
    head = element("thead", element("tr", *names))
    return element("table", head, element("tbody", *lines), class_="ab-grid"), len(lines)


def _cell(value: Cell, column: Column) -> Markup:
    value, small = value if isinstance(value, tuple) else (value, None)
    below = None if small is None else element("span", small, class_="ab-soft ab-small")
    return element("td", "-" if value is None else value, below, class_=column.kind)


def scroll_box(label: str, *parts: Child) -> Markup:
    """Return a box that scrolls, also with the keyboard."""
    return element("div", *parts, class_="ab-scroll", role="group", aria_label=label, tabindex="0")


def section(title: str, *parts: Child) -> Markup:
    """Return a part with a title of its own."""
    return element("div", element("p", title), *parts, class_="ab-part")


def paragraph(*parts: Child) -> Markup:
    """Return a paragraph."""
    return element("p", *parts, class_="ab-text")


def footnote(*parts: Child) -> Markup:
    """Return a note about the drawing itself."""
    return element("p", *parts, class_="ab-note")


def dotted(texts: Sequence[str], limit: int, write: Callable[[str], Markup] = user_text) -> Child:
    """Return at most `limit` texts with dots between them; `None` if there is none."""
    more = len(texts) - limit
    shown = [write(text) for text in texts[:limit]]
    return concat(*shown, f"{more} more" if more > 0 else None, separator=" · ") or None


def badge(kind: Kind, label: str) -> Markup:
    """Return a label with a colour and a marker."""
    shown = user_text(f"{label[: _MAX_LABEL - 1]}…" if len(label) > _MAX_LABEL else label)
    icon = svg(10, 10, marker(kind, 5, 5))
    return element("span", icon, shown, class_=f"ab-badge ab-{kind}")


def status_badge(status: str | None) -> Markup:
    """Return the badge of a snapshot's status, known or not."""
    return badge(badge_kind(status), "unknown" if status is None else status)


def badge_kind(status: str | None) -> Kind:
    """Return the kind of a snapshot's status."""
    return _KINDS.get(status, "odd")


def marker(kind: Kind, x: float, y: float) -> Markup:
    """Return the SVG shape of a kind, 8 wide and centred; each kind has a shape of its own."""
    if kind in {"ok", "run", "idle"}:
        circle = element(
            "circle",
            cx=x,
            cy=y,
            r=3.2,
            fill="currentColor" if kind == "ok" else "none",
            stroke="currentColor",
            stroke_width=1.5,
        )
        half = f"M{x:.5g} {y - 3.2:.5g}a3.2 3.2 0 0 1 0 6.4z"
        return concat(
            circle, element("path", d=half, fill="currentColor") if kind == "run" else None
        )
    if kind == "bad":
        return stroke(f"M{x - 3:.5g} {y - 3:.5g}l6 6m0-6l-6 6", 2)
    return stroke(f"M{x:.5g} {y - 4:.5g}l4 4l-4 4l-4-4z", 1.5)


def svg(
    width: float, height: float, *parts: Child, label: str | None = None, kind: str | None = None
) -> Markup:
    """Return a picture; screen readers read its label, and skip a picture without one."""
    return element(
        "svg",
        *parts,
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img" if label else None,
        aria_label=label,
        aria_hidden=None if label else "true",
        class_=kind,
    )


def stroke(
    outline: str, width: float = 1, *, kind: str | None = None, dashes: str | None = None
) -> Markup:
    """Return an SVG line in the current colour, or with a class of the style."""
    return element(
        "path",
        d=outline,
        fill="none",
        stroke=None if kind else "currentColor",
        stroke_width=width,
        stroke_dasharray=dashes,
        class_=kind,
    )


def requested_at(snapshot: Snapshot) -> datetime | None:
    """Return the time in a snapshot's id; `None` if the id is invalid."""
    with suppress(ValueError, OverflowError, OSError):
        return snapshot.requested_at
    return None


def as_aware(time: datetime) -> datetime:
    """Return an aware time; a naive one is UTC, as all times of the package."""
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def relative_time(time: datetime | None, now: datetime) -> Markup | None:
    """Return the distance from now, with the time as its title."""
    if time is None:
        return None
    return _time(time, _distance(time, now, format_duration), title=format_second(time))


def absolute_time(time: datetime | None) -> Markup | None:
    """Return a UTC time to the minute, with the second in its title."""
    if time is None:
        return None
    return _time(time, _utc(time).isoformat(" ", "minutes"), title=format_second(time))


def full_time(time: datetime | None, now: datetime) -> Markup | None:
    """Return a UTC time to the second, and the distance from now."""
    if time is None:
        return None
    distance = element("span", _distance(time, now, format_duration_precise), class_="ab-tight")
    return concat(_time(time, format_second(time)), " · ", distance)


def format_second(time: datetime) -> str:
    """Return a UTC time to the second."""
    return f"{_utc(time).isoformat(' ', 'seconds')} UTC"


def _distance(time: datetime, now: datetime, measure: Callable[[float], str]) -> str:
    seconds = (as_aware(now) - as_aware(time)).total_seconds()
    return f"{measure(seconds)} ago" if seconds >= 0 else f"in {measure(-seconds)}"


def _time(time: datetime, text: str, title: str | None = None) -> Markup:
    stamp = f"{_utc(time).isoformat(timespec='seconds')}Z"
    return element("time", text, datetime=stamp, title=title, class_="ab-tight")


def _utc(time: datetime) -> datetime:
    return as_aware(time).astimezone(timezone.utc).replace(tzinfo=None)
