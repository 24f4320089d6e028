"""JSON, dates and ids in Atlas's format."""

from __future__ import annotations

import itertools
import json
import secrets
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any, cast

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MAX_DATETIME = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


def to_json(value: object) -> bytes:
    """Return JSON without spaces, keys sorted, UTF-8."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def to_pretty_json(value: object, *, sort: bool = True) -> bytes:
    """Return JSON in the layout of Atlas's pretty printer."""
    return _pretty(value, "\n", sort=sort).encode()


def _pretty(value: object, newline: str, *, sort: bool) -> str:
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        if not mapping:
            return "{ }"
        inner = newline + "  "
        pairs = sorted(mapping.items()) if sort else mapping.items()
        lines = [f"{inner}{_text(key)} : {_pretty(item, inner, sort=sort)}" for key, item in pairs]
        return "{" + ",".join(lines) + newline + "}"
    if isinstance(value, list):
        items = cast("list[object]", value)
        if not items:
            return "[ ]"
        return "[ " + ", ".join(_pretty(item, newline, sort=sort) for item in items) + " ]"
    return _text(value)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def from_epoch(seconds: float) -> datetime:
    """Return the UTC datetime of `seconds` since the epoch, at most the end of year 9999."""
    try:
        return min(EPOCH + timedelta(seconds=seconds), MAX_DATETIME)
    except OverflowError:
        return MAX_DATETIME


def iso(when: float | datetime) -> str:
    """Return a date as used in bodies: `2026-09-01T00:00:00Z`."""
    when = when if isinstance(when, datetime) else from_epoch(when)
    # strftime pads years below 1000 differently on each system.
    return when.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def http_date(seconds: float) -> str:
    """Return a date for the `Date` header."""
    return format_datetime(from_epoch(seconds), usegmt=True)


def notice_date(when: datetime) -> str:
    """Return a date as in `Deprecation` and `Sunset`: the day has no leading zero."""
    when = when.replace(tzinfo=timezone.utc)
    return format_datetime(when, usegmt=True).replace(", 0", ", ")


class ObjectIdFactory:
    """Creates ids of 24 hexadecimal digits that start with the time of creation."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(5)
        self._counter = itertools.count(secrets.randbelow(1 << 23))

    def at(self, seconds: float) -> str:
        """Return a new id created at `seconds` since the epoch."""
        second = int(seconds) & 0xFFFFFFFF
        return f"{second:08x}{self._process}{next(self._counter) & 0xFFFFFF:06x}"


def link(href: str, rel: str = "self") -> dict[str, Any]:
    """Return one entry of a `links` list."""
    return {"href": href, "rel": rel}
