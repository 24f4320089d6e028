"""Where the emulator's time comes from, so that a test can drive it."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """Seconds since 1970-01-01T00:00:00Z, never going backwards."""

    def now(self) -> float:
        """Return the present time in seconds since the epoch."""
        ...


class SystemClock:
    """The machine's time, immune to later changes of the wall clock."""

    # freezegun replaces the functions that modules hold, but not those that a class holds.
    _time = staticmethod(time.time)
    _monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        # The monotonic clock carries it on, so that an NTP step cannot revive an expired token.
        self._offset = self._time() - self._monotonic()

    def now(self) -> float:
        """Return the present time in seconds since the epoch."""
        return self._offset + self._monotonic()


class ManualClock:
    """A clock that stands still until a test moves it; safe to share between threads.

    Args:
        start: Where it begins, in seconds since the epoch or as an aware datetime.
            None means 2026-09-01T00:00:00Z. `backup_coverage` counts ages from this machine's time
            where that is later: for them, begin at `time.time()`.
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
        """Return the time it was set to, in seconds since the epoch."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move it forward by `seconds`, 0 or more.

        Raises:
            ValueError: `seconds` is negative.
        """
        if not seconds >= 0:
            raise ValueError(f"seconds must be 0 or more, not {seconds!r}")
        with self._lock:
            self._now += seconds
