"""The last days of a cluster as cells in a row: on which of them data was saved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from atlas_backups.coverage import LATEST
from atlas_backups.html.markup import Markup, element
from atlas_backups.html.moments import aware

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_CELL = 9
_STEP = _CELL + 2
_HEIGHT = 18
_SEVERAL = 3
_DAY_SECONDS = 86_400


def strip(
    scheduled: Iterable[datetime], on_demand: Iterable[datetime], at: datetime, days: int
) -> Markup:
    """Return one cell for each 24 hours before `at`, the newest at the right.

    A cell is filled where a snapshot completed, darker for several, and has a notch below where
    one of them was on demand.
    """
    by_schedule, by_demand = _days_ago(scheduled, at), _days_ago(on_demand, at)
    number = by_schedule + by_demand
    level = [_level(number[day]) for day in range(days)]
    cells = [
        _cells([day for day in range(days) if level[day] == wanted], wanted, days)
        for wanted in sorted(set(level))
    ]
    notches = "".join(f"M{_x(day, days)} 14h{_CELL}v3h-{_CELL}z" for day in by_demand if day < days)
    return element(
        "svg",
        *cells,
        element("path", d=notches, fill="currentColor", class_="ab-run") if notches else None,
        width=days * _STEP,
        height=_HEIGHT,
        viewBox=f"0 0 {days * _STEP} {_HEIGHT}",
        role="img",
        aria_label=_in_words(number, by_demand, days),
        class_="ab-ok",
    )


def strip_names(days: int) -> Markup:
    """Return what stands above the cells."""
    width = days * _STEP
    return element(
        "svg",
        element("text", f"{days} days ago", x=0, y=12),
        element("text", "now", x=width - 2, y=12, text_anchor="end"),
        width=width,
        height=16,
        viewBox=f"0 0 {width} 16",
        role="img",
        aria_label=f"The last {days} days",
    )


def _days_ago(times: Iterable[datetime], at: datetime) -> Counter[int]:
    # What completed while the rest was read is of the last day; what is from later is of none.
    ages = (aware(at) - aware(time) for time in times)
    seconds = (age.total_seconds() for age in ages if age >= -LATEST)
    return Counter(max(0, int(second // _DAY_SECONDS)) for second in seconds)


def _level(number: int) -> int:
    return 0 if number == 0 else 1 if number < _SEVERAL else 2


def _cells(days_ago: list[int], level: int, days: int) -> Markup:
    outline = "".join(
        f"M{_x(day, days) + 0.5} 2.5h{_CELL - 1}v{_CELL - 1}h-{_CELL - 1}z" for day in days_ago
    )
    opacity = (None, 0.55, 1)[level]
    return element(
        "path",
        d=outline,
        fill="currentColor" if level else "none",
        fill_opacity=opacity,
        stroke="currentColor",
        class_=None if level else "ab-soft",
        stroke_opacity=None if level else 0.6,
    )


def _x(day_ago: int, days: int) -> int:
    return (days - 1 - day_ago) * _STEP


def _in_words(number: Counter[int], on_demand: Counter[int], days: int) -> str:
    covered = sum(day < days for day in number)
    asked = sum(day < days for day in on_demand)
    return f"Data of {covered} of {days} days, on {asked} of them on demand"
