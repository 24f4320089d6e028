"""Sizes and lengths of time in words, for whoever shows them to a person."""

from __future__ import annotations

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_MOST = _STEP ** len(_UNITS)
"""From here on there is no unit, and far beyond it no float."""
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_SPANS = ((90, 1, "s"), (90 * _MINUTE, _MINUTE, "min"), (48 * _HOUR, _HOUR, "h"))
"""Below which length to use which unit."""
_PAIRS = ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s"))


def size(count: int) -> str:
    """Return a number of bytes in the unit that suits it; from 1024 PiB on only that it is more."""
    if count < _STEP:
        return f"{count} B"
    if count >= _MOST:
        return "over 1023 PiB"
    left, power = float(count), 0
    while left >= _STEP:
        left /= _STEP
        power += 1
    return f"{left:.1f} {_UNITS[power]}"


def span(seconds: float) -> str:
    """Return a length of time, rounded down to the unit that suits it."""
    for limit, unit, name in _SPANS:
        if seconds < limit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // _DAY)} d"


def fine_span(seconds: float) -> str:
    """Return a length of time in two units, the second one left out where it is 0."""
    for larger, name, smaller, more in _PAIRS:
        if seconds >= larger:
            count, rest = divmod(int(seconds), larger)
            return f"{count} {name}" + (f" {rest // smaller} {more}" if rest >= smaller else "")
    return f"{int(seconds)} s"
