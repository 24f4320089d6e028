"""Times as a person thinks of them: how long ago, how far ahead, and in UTC."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from atlas_backups._quantities import fine_span, span
from atlas_backups.html.markup import Markup, element, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_backups.models import Snapshot


def now() -> datetime:
    """Return the time by this machine's clock."""
    return datetime.now(timezone.utc)


def requested(snapshot: Snapshot) -> datetime | None:
    """Return the time inside a snapshot's id; `None` if the id is none of Atlas'."""
    with suppress(ValueError, OverflowError, OSError):
        return snapshot.requested_at
    return None


def aware(time: datetime) -> datetime:
    """Return a time with its zone; one without is taken for UTC, as all times here are."""
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def ago(time: datetime | None, at: datetime) -> Markup | None:
    """Return how long before or after `at` a time is; the time itself is the title."""
    if time is None:
        return None
    return _time(time, _distance(time, at, span), title=second(time))


def on(time: datetime | None) -> Markup | None:
    """Return a UTC time to the minute; to the second it is the title."""
    return None if time is None else _time(time, minute(time), title=second(time))


def on_and_ago(time: datetime | None, at: datetime) -> Markup | None:
    """Return both."""
    if time is None:
        return None
    distance = element("span", _distance(time, at, fine_span), class_="ab-tight")
    return together(_time(time, second(time)), " · ", distance)


def minute(time: datetime) -> str:
    """Write a time for a place that says that it is UTC."""
    return _utc(time).isoformat(" ", "minutes")


def second(time: datetime) -> str:
    """Write a time for any place."""
    return f"{_utc(time).isoformat(' ', 'seconds')} UTC"


def _distance(time: datetime, at: datetime, measure: Callable[[float], str]) -> str:
    seconds = (aware(at) - aware(time)).total_seconds()
    return f"{measure(seconds)} ago" if seconds >= 0 else f"in {measure(-seconds)}"


def _time(time: datetime, text: str, title: str | None = None) -> Markup:
    stamp = f"{_utc(time).isoformat(timespec='seconds')}Z"
    return element("time", text, datetime=stamp, title=title, class_="ab-tight")


def _utc(time: datetime) -> datetime:
    return aware(time).astimezone(timezone.utc).replace(tzinfo=None)
