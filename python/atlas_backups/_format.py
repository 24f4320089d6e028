"""Formats sizes, durations and error messages for people."""

from __future__ import annotations

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_LARGEST = _STEP ** len(_UNITS)
"""There is no larger unit, and far larger numbers are no float."""
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_UNIT_LIMITS = ((90, 1, "s"), (90 * _MINUTE, _MINUTE, "min"), (48 * _HOUR, _HOUR, "h"))
"""The duration below which a unit is used, its seconds, its name."""
_PAIRS = ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s"))


def format_size(count: int) -> str:
    """Format a number of bytes with a binary unit; `"over 1023 PiB"` from 1024 PiB."""
    if count < _STEP:
        return f"{count} B"
    if count >= _LARGEST:
        return "over 1023 PiB"
    value, power = float(count), 0
    while value >= _STEP:
        value /= _STEP
        power += 1
    return f"{value:.1f} {_UNITS[power]}"


def format_duration(seconds: float) -> str:
    """Format a duration in one unit, rounded down."""
    for limit, unit, name in _UNIT_LIMITS:
        if seconds < limit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // _DAY)} d"


def format_duration_precise(seconds: float) -> str:
    """Format a duration in two units; the second one is omitted if it is 0."""
    for larger, name, smaller, more in _PAIRS:
        if seconds >= larger:
            count, rest = divmod(int(seconds), larger)
            return f"{count} {name}" + (f" {rest // smaller} {more}" if rest >= smaller else "")
    return f"{int(seconds)} s"


def printable(text: str) -> str:
    """Escape control characters and line breaks: names and descriptions come from other users."""
    escaped = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return "".join(escaped)


def split_hint(error: BaseException) -> tuple[str, str | None]:
    """Return the message of an error without its hint, and the hint; `None` if it has none."""
    message, hint = str(error), getattr(error, "hint", None)
    before, separator, after = message.rpartition(f". Hint: {hint}")
    return (before + after, hint) if separator else (message, hint)
