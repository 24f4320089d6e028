"""The lifetimes of snapshots as lines on a common time axis: requested, data of, kept until."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from atlas_backups.html.components import as_aware, badge_kind, marker, requested_at, stroke, svg
from atlas_backups.html.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups.models import Snapshot

_WIDTH = 170
_HEIGHT = 34
_MIDDLE = 10
_LABEL_HEIGHT = 16
_MARGIN = 6
_HALF_OF_NOW = 13
_MIN_SPAN = timedelta(hours=1)
_MAX_NOW_FOR_END = 0.55
"""The largest share of the width at which "now" leaves space for the label of the end."""


class Axis(NamedTuple):
    """The time axis of a list."""

    begin: datetime
    now: datetime
    end: datetime

    @classmethod
    def of(cls, snapshots: Sequence[Snapshot], now: datetime) -> Axis:
        """Return an axis from the oldest request; the future takes at most half of it."""
        begins = [begin for snapshot in snapshots if (begin := requested_at(snapshot))]
        ends = [as_aware(snapshot.expires_at) for snapshot in snapshots if snapshot.expires_at]
        begin = min(min(begins, default=now), now - _MIN_SPAN)
        return cls(begin, now, min(max([*ends, now]), now + (now - begin)))

    def labels(self) -> Markup:
        """Return the header above the lines."""
        now = min(self._x(self.now), _WIDTH - _HALF_OF_NOW)
        has_end = self._share(self.now) <= _MAX_NOW_FOR_END
        begin, end = self.begin.date().isoformat(), self.end.date().isoformat()
        return svg(
            _WIDTH,
            _LABEL_HEIGHT,
            _label(_MARGIN, "start", begin),
            _label(now, "middle", "now"),
            _label(_WIDTH - 1, "end", end) if has_end else None,
            label=f"Timeline from {begin} to {end}",
        )

    def line(self, snapshot: Snapshot) -> Markup:
        """Return the lifetime of one snapshot; the cells beside it contain the times."""
        return svg(
            _WIDTH,
            _HEIGHT,
            stroke(f"M{_MARGIN} {_MIDDLE}H{_WIDTH - _MARGIN}", kind="ab-rail"),
            stroke(f"M{self._x(self.now):.5g} 0V{_HEIGHT}", kind="ab-now", dashes="2 2"),
            *self._lifetime(snapshot),
            kind=f"ab-{badge_kind(snapshot.status)}",
        )

    def _lifetime(self, snapshot: Snapshot) -> Sequence[Markup]:
        requested = requested_at(snapshot)
        start = snapshot.created_at or requested
        if start is None:
            return ()
        kind = badge_kind(snapshot.status)
        x = self._x(start)
        parts = [marker(kind, x, _MIDDLE)]
        if kind != "bad" and snapshot.expires_at is not None:
            until = as_aware(snapshot.expires_at)
            # An arrow if the snapshot is kept beyond the end of the axis.
            end = "m-3-3l3 3l-3 3" if until > self.end else "m0-3v6"
            outline = f"M{x:.5g} {_MIDDLE}H{self._x(until):.5g}{end}"
            parts.insert(0, stroke(outline, 1.5, dashes=None if kind == "ok" else "3 2"))
        if requested is not None and x - (before := self._x(requested)) >= _MARGIN:
            parts.insert(0, stroke(f"M{before:.5g} {_MIDDLE - 3}v6m0-3H{x:.5g}"))
        return parts

    def _x(self, time: datetime) -> float:
        """Return the position of a time; one outside of the axis is at its edge."""
        inside = min(max(as_aware(time), self.begin), self.end)
        return _MARGIN + self._share(inside) * (_WIDTH - 2 * _MARGIN)

    def _share(self, time: datetime) -> float:
        return (time - self.begin) / (self.end - self.begin)


def _label(x: float, anchor: str, text: str) -> Markup:
    return element("text", text, x=x, y=12, text_anchor=anchor)
