"""Time sources of the emulator: the system clock, and one that a test controls."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """A monotonic time source, in seconds since the epoch."""

    def now(self) -> float:
        """Return the current time in seconds since the epoch."""
        ...


class SystemClock:
    """The system time at the start, carried on by the monotonic clock."""

    # freezegun replaces the functions that modules hold, but not those that a class holds.
    _time = staticmethod(time.time)
    _monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        # Monotonic, so that an NTP step cannot make an expired token valid again.
        self._offset = self._time() - self._monotonic()

    def now(self) -> float:
        """Return the current time in seconds since the epoch."""
        return self._offset + self._monotonic()


class ManualClock:
    """A clock that a test advances. Thread-safe.

    Args:
        start: Its first value, in seconds since the epoch or as an aware datetime; None:
            2026-09-01T00:00:00Z. `backup_coverage` computes ages from the system time if that is
            later; start at `time.time()` to test it.
    """

    def __init__(self, start: float | datetime | None = None) -> None:
        if start is None:
            start = datetime(2026, 9, 1, tzinfo=timezone.utc)
        if isinstance(start, datetime):
            if start.tzinfo is None:
                raise ValueError("start must be timezone-aware")
            start = start.timestamp()
        self._now = float(start)
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return its value, in seconds since the epoch."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Advance it by `seconds`, 0 or more.

        Raises:
            ValueError: `seconds` is negative.
        """
        if not seconds >= 0:
            raise ValueError(f"seconds must be 0 or more, not {seconds!r}")
        with self._lock:
            self._now += seconds
