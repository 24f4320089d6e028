"""The last days of a cluster as one square per day: on which of them data was saved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from atlas_backups.coverage import LATEST
from atlas_backups.html.components import as_aware, svg
from atlas_backups.html.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_SQUARE = 9
_STEP = _SQUARE + 2
_HEIGHT = 18
_SEVERAL = 3
_DAY_SECONDS = 86_400


def calendar(
    scheduled: Iterable[datetime], on_demand: Iterable[datetime], now: datetime, days: int
) -> Markup:
    """Return one square for each 24 hours before `now`, the newest at the right.

    A square is filled if a snapshot completed, darker for several, with a bar below if one of
    them was on demand.
    """
    by_demand = _days_ago(on_demand, now)
    number = _days_ago(scheduled, now) + by_demand
    levels: dict[int, list[int]] = {}
    for day in range(days):
        level = 0 if number[day] == 0 else 1 if number[day] < _SEVERAL else 2
        levels.setdefault(level, []).append(day)
    squares = [_squares(levels[level], level, days) for level in sorted(levels)]
    bars = "".join(
        f"M{_x(day, days)} 14h{_SQUARE}v3h-{_SQUARE}z" for day in by_demand if day < days
    )
    covered = sum(day < days for day in number)
    manual = sum(day < days for day in by_demand)
    return svg(
        days * _STEP,
        _HEIGHT,
        *squares,
        element("path", d=bars, fill="currentColor", class_="ab-run") if bars else None,
        label=f"Data of {covered} of {days} days, on {manual} of them on demand",
        kind="ab-ok",
    )


def calendar_labels(days: int) -> Markup:
    """Return the header above the squares."""
    width = days * _STEP
    oldest = element("text", f"{days} days ago", x=0, y=12)
    newest = element("text", "now", x=width - 2, y=12, text_anchor="end")
    return svg(width, 16, oldest, newest, label=f"The last {days} days")


def _days_ago(times: Iterable[datetime], now: datetime) -> Counter[int]:
    # A time in the near future, completed during the read, counts as today; a later one is wrong.
    ages = (as_aware(now) - as_aware(time) for time in times)
    return Counter(
        max(0, int(age.total_seconds() // _DAY_SECONDS)) for age in ages if age >= -LATEST
    )


def _squares(days_ago: list[int], level: int, days: int) -> Markup:
    outline = "".join(
        f"M{_x(day, days) + 0.5} 2.5h{_SQUARE - 1}v{_SQUARE - 1}h-{_SQUARE - 1}z"
        for day in days_ago
    )
    return element(
        "path",
        d=outline,
        fill="currentColor" if level else "none",
        fill_opacity=(None, 0.55, 1)[level],
        stroke="currentColor",
        class_=None if level else "ab-soft",
        stroke_opacity=None if level else 0.6,
    )


def _x(day_ago: int, days: int) -> int:
    return (days - 1 - day_ago) * _STEP
