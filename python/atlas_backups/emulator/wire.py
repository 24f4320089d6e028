"""Text as Atlas writes it: JSON, dates, ids."""

from __future__ import annotations

import itertools
import json
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any, cast

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def compact(value: object) -> bytes:
    """Return JSON without spaces, keys in alphabetical order, UTF-8."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def pretty(value: object) -> bytes:
    """Return JSON in the layout of the server's pretty printer, keys in alphabetical order."""
    return _pretty(value, "\n", sort=True).encode()


def pretty_as_given(value: object) -> bytes:
    """Return JSON like `pretty`, keys in the order of the dictionaries."""
    return _pretty(value, "\n", sort=False).encode()


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


def moment(seconds: float) -> datetime:
    """Return the aware datetime of `seconds` since the epoch, at most the end of year 9999."""
    try:
        return min(EPOCH + timedelta(seconds=seconds), LAST_MOMENT)
    except OverflowError:
        return LAST_MOMENT


def iso(when: float | datetime) -> str:
    """Return a date as it stands in bodies: `2026-09-01T00:00:00Z`."""
    when = when if isinstance(when, datetime) else moment(when)
    # strftime pads years below 1000 differently from system to system, so it is not used.
    return when.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def http_date(seconds: float) -> str:
    """Return a date as it stands in the `Date` header, the day with two digits."""
    when = moment(seconds)
    return f"{_DAYS[when.weekday()]}, {when:%d} {_MONTHS[when.month - 1]} {when:%Y %H:%M:%S} GMT"


def notice_date(when: datetime) -> str:
    """Return a date as in `Deprecation` and `Sunset`: the day has no leading zero."""
    day = f"{_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]}"
    return f"{day} {when:%Y %H:%M:%S} GMT"


class IdMaker:
    """Makes 24-hexadecimal ids whose first four bytes are the second of creation."""

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
