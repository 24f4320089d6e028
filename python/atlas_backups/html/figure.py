"""The parts that every drawing is put together from: the frame, facts, tables, notes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from atlas_backups.html.markup import Child, Markup, element, together
from atlas_backups.html.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_ROWS = 100
"""Rows of a table, at most; the browser has to hold them all."""
_MOST_BYTES = 400_000


def figure(label: str, *parts: Child, kind: str | None = None) -> Markup:
    """Return a whole drawing, with its style; `label` is for who cannot see it."""
    return element(
        "div",
        STYLE,
        *parts,
        class_="atlas-backups" if kind is None else f"atlas-backups {kind}",
        role="group",
        aria_label=label,
    )


def head(title: Child, *more: Child) -> Markup:
    """Return the first line."""
    return element("div", element("span", title, class_="ab-title"), *more, class_="ab-head")


def facts(named: Mapping[str, Child]) -> Markup:
    """Return names and values in two columns, without what is not known."""
    rows = (
        element("tr", element("th", name, scope="row"), element("td", value))
        for name, value in named.items()
        if value is not None
    )
    return element("table", element("tbody", *rows), class_="ab-facts")


def grid(columns: Sequence[Markup], rows: Iterable[Sequence[Markup]]) -> Markup:
    """Return a table with a line for the names of its columns."""
    return element(
        "table",
        element("thead", element("tr", *columns)),
        element("tbody", *(element("tr", *row) for row in rows)),
        class_="ab-grid",
    )


def fitting(rows: Iterable[Sequence[Markup]]) -> list[Sequence[Markup]]:
    """Return the first rows, so many that a browser is not asked for too much."""
    room = _MOST_BYTES
    fit: list[Sequence[Markup]] = []
    for row in islice(rows, MOST_ROWS):
        room -= sum(len(cell.encode()) for cell in row)
        if room < 0 and fit:
            break
        fit.append(row)
    return fit


def column(name: Child, kind: str | None = None, **attributes: str | None) -> Markup:
    """Return the name of a column; `kind` is its class in the style."""
    return element("th", name, scope="col", class_=kind, **attributes)


def cell(value: Child, small: Child = None, *, kind: str | None = None) -> Markup:
    """Return a cell of a row, with a smaller line below."""
    return element("td", "-" if value is None else value, below(small), class_=kind)


def below(value: Child) -> Markup | None:
    """Return a smaller line."""
    return None if value is None else element("span", value, class_="ab-soft ab-small")


def scrolled(label: str, *parts: Child) -> Markup:
    """Return what may be too high or too wide, in a part that keys can scroll too."""
    return element("div", *parts, class_="ab-scroll", role="group", aria_label=label, tabindex="0")


def part(title: str, *parts: Child) -> Markup:
    """Return a part with a title of its own."""
    return element("div", element("p", title), *parts, class_="ab-part")


def say(*parts: Child) -> Markup:
    """Return a sentence."""
    return element("p", *parts, class_="ab-say")


def note(*sentences: Child) -> Markup:
    """Return what is to be known of the drawing itself."""
    return element("p", *sentences, class_="ab-note")


def spaced(*parts: Child) -> Markup:
    """Return pieces with a space between them."""
    known = [together(part) for part in parts if part is not None]
    return Markup(" ".join(known))
