"""The end of all waiting of a task, which holds over deferrals, workers and triggerers."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A moment that is written down, because a triggerer that is started again must not begin anew.

    The clock that wrote it and the clock that reads it may differ. A writer that was behind is
    corrected by what Atlas' clock wrote into the snapshot's id, for the present is never before
    that. A writer that was ahead is bounded: no reader waits longer than `timeout`.

    Attributes:
        moment: seconds since the epoch.
        timeout: seconds from the first start to `moment`.
    """

    moment: float
    timeout: float

    @classmethod
    def after(cls, timeout: float) -> Deadline:
        """Begin to wait for that many seconds."""
        return cls(moment=time.time() + timeout, timeout=timeout)

    def seen(self, requested_at: datetime) -> Deadline:
        """Correct it by the time inside an id that is there already."""
        behind = requested_at.timestamp() - time.time()
        return replace(self, moment=self.moment + behind) if behind > 0 else self

    def left(self) -> float:
        """Return the seconds until then, 0 or less when it is over."""
        return min(self.moment - time.time(), self.timeout)

    def left_at_least(self, little: float) -> float:
        """Return the seconds until then, for a wait that must have some."""
        return max(self.left(), little)
