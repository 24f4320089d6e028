"""The life of snapshots as lines under each other: requested, data of, kept until."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from atlas_backups.html.markup import Markup, element
from atlas_backups.html.moments import aware, requested
from atlas_backups.html.status import kind_of, shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups.models import Snapshot

_WIDTH = 170
_HEIGHT = 34
_MIDDLE = 10
_NAMES = 16
"""The height of what stands above."""
_EDGE = 6
_HALF_OF_NOW = 13
_LEAST = timedelta(hours=1)
_ROOM_FOR_END = 0.55
"""Up to which part of the width the present may lie for the end to be named too."""


class Axis(NamedTuple):
    """Which times the width stands for."""

    begin: datetime
    now: datetime
    end: datetime

    @classmethod
    def of(cls, snapshots: Sequence[Snapshot], at: datetime) -> Axis:
        """Return one from the oldest request on; what comes takes no more room than what was."""
        begins = [begin for snapshot in snapshots if (begin := requested(snapshot))]
        ends = [aware(snapshot.expires_at) for snapshot in snapshots if snapshot.expires_at]
        begin = min(min(begins, default=at), at - _LEAST)
        return cls(begin, at, min(max([*ends, at]), at + (at - begin)))

    def x(self, time: datetime) -> float:
        """Return where a time is; one that is outside is at the edge."""
        inside = min(max(time, self.begin), self.end)
        return _EDGE + self._part(inside) * (_WIDTH - 2 * _EDGE)

    def _part(self, time: datetime) -> float:
        return (time - self.begin) / (self.end - self.begin)

    def names(self) -> Markup:
        """Return what stands above the lines."""
        present = self.x(self.now)
        has_end = self._part(self.now) <= _ROOM_FOR_END
        begin, end = self.begin.date().isoformat(), self.end.date().isoformat()
        return element(
            "svg",
            _name(_EDGE, "start", begin),
            _name(min(present, _WIDTH - _HALF_OF_NOW), "middle", "now"),
            _name(_WIDTH - 1, "end", end) if has_end else None,
            width=_WIDTH,
            height=_NAMES,
            viewBox=f"0 0 {_WIDTH} {_NAMES}",
            role="img",
            aria_label=f"Time line from {begin} to {end}",
        )

    def line(self, snapshot: Snapshot) -> Markup:
        """Return the life of one snapshot."""
        return _drawing(
            _stroke(f"M{_EDGE} {_MIDDLE}H{_WIDTH - _EDGE}", kind="ab-rail"),
            self._now(),
            *self._life(snapshot),
            kind=kind_of(snapshot.status),
        )

    def _now(self) -> Markup:
        present = self.x(self.now)
        return _stroke(f"M{present:.5g} 0V{_HEIGHT}", kind="ab-now", dashes="2 2")

    def _life(self, snapshot: Snapshot) -> Sequence[Markup]:
        asked = requested(snapshot)
        begun = snapshot.created_at or asked
        if begun is None:
            return ()
        begun = aware(begun)
        kind = kind_of(snapshot.status)
        mark = shape(kind, self.x(begun), _MIDDLE)
        before = self._wait(asked, begun)
        if kind == "bad" or snapshot.expires_at is None:
            return (before, mark)
        return (before, self._kept(begun, aware(snapshot.expires_at), kind == "ok"), mark)

    def _wait(self, asked: datetime | None, begun: datetime) -> Markup:
        if asked is None or self.x(begun) - self.x(asked) < _EDGE:
            return Markup()
        x = self.x(asked)
        return _stroke(f"M{x:.5g} {_MIDDLE - 3}v6m0-3H{self.x(begun):.5g}")

    def _kept(self, begun: datetime, until: datetime, is_settled: bool) -> Markup:
        x = self.x(until)
        # An arrow for what lasts longer than the width shows.
        end = "m-3-3l3 3l-3 3" if until > self.end else "m0-3v6"
        outline = f"M{self.x(begun):.5g} {_MIDDLE}H{x:.5g}{end}"
        return _stroke(outline, 1.5, dashes=None if is_settled else "3 2")


def _drawing(*parts: Markup | None, kind: str | None = None) -> Markup:
    # The times stand in the cells beside it.
    return element(
        "svg",
        *parts,
        width=_WIDTH,
        height=_HEIGHT,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_=kind and f"ab-{kind}",
        aria_hidden="true",
    )


def _stroke(
    outline: str, width: float = 1, *, kind: str | None = None, dashes: str | None = None
) -> Markup:
    """Return a line; one of a kind has its colour from the style."""
    return element(
        "path",
        d=outline,
        fill="none",
        stroke=None if kind else "currentColor",
        stroke_width=width,
        stroke_dasharray=dashes,
        class_=kind,
    )


def _name(x: float, anchor: str, text: str) -> Markup:
    return element("text", text, x=x, y=12, text_anchor=anchor)
