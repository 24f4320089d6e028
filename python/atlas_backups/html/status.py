"""A state as a chip: a colour, a shape and Atlas' own word for it."""

from __future__ import annotations

from typing import Literal

from atlas_backups.html.markup import Markup, element, together
from atlas_backups.html.text import words

Kind = Literal["ok", "run", "idle", "bad", "odd"]

_KINDS: dict[str, Kind] = {
    "completed": "ok",
    "inProgress": "run",
    "queued": "idle",
    "failed": "bad",
}
_LABEL = 40


def kind_of(status: str | None) -> Kind:
    """Return how a status of a snapshot looks; an unknown one looks odd."""
    return _KINDS.get(status or "", "odd")


def status_chip(status: str | None) -> Markup:
    """Return the chip of a snapshot's status, whatever its label."""
    return chip(kind_of(status), "not said" if status is None else status)


def chip(kind: Kind, label: str) -> Markup:
    """Return a chip."""
    is_long = len(label) > _LABEL
    shown = words(f"{label[: _LABEL - 1]}…" if is_long else label)
    return element("span", _icon(kind), shown, class_=f"ab-chip ab-{kind}")


def _icon(kind: Kind) -> Markup:
    return element(
        "svg",
        shape(kind, 5, 5),
        width=10,
        height=10,
        viewBox="0 0 10 10",
        aria_hidden="true",
    )


def shape(kind: Kind, x: float, y: float) -> Markup:
    """Return the mark of a kind in an SVG, 8 wide, its middle at a point; no two look alike."""
    if kind == "ok":
        return _circle(x, y, "currentColor")
    if kind == "run":
        half = element(
            "path", d=f"M{x:.5g} {y - 3.2:.5g}a3.2 3.2 0 0 1 0 6.4z", fill="currentColor"
        )
        return together(_circle(x, y, "none"), half)
    if kind == "idle":
        return _circle(x, y, "none")
    if kind == "bad":
        return _path(f"M{x - 3:.5g} {y - 3:.5g}l6 6m0-6l-6 6", width=2)
    return _path(f"M{x:.5g} {y - 4:.5g}l4 4l-4 4l-4-4z", width=1.5)


def _circle(x: float, y: float, fill: str) -> Markup:
    return element("circle", cx=x, cy=y, r=3.2, fill=fill, stroke="currentColor", stroke_width=1.5)


def _path(outline: str, *, width: float) -> Markup:
    return element("path", d=outline, fill="none", stroke="currentColor", stroke_width=width)
