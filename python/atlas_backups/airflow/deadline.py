"""The deadline of a task, valid across deferrals, workers and triggerers."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """An absolute time, so that a restarted triggerer does not wait for the full timeout again.

    The clocks of writer and reader may differ. If the writer's is behind, `seen` corrects it by
    Atlas's time in the snapshot's id. If it is ahead, no reader waits longer than `timeout`.

    Attributes:
        moment: seconds since the epoch.
        timeout: seconds from the first start to `moment`.
    """

    moment: float
    timeout: float

    @classmethod
    def after(cls, timeout: float) -> Deadline:
        """Return the deadline in `timeout` seconds."""
        return cls(moment=time.time() + timeout, timeout=timeout)

    def seen(self, requested_at: datetime) -> Deadline:
        """Correct it by the time in an existing id, which cannot be in the future."""
        behind = requested_at.timestamp() - time.time()
        return replace(self, moment=self.moment + behind) if behind > 0 else self

    def left(self) -> float:
        """Return the remaining seconds, 0 or less after the deadline."""
        return min(self.moment - time.time(), self.timeout)

    def left_at_least(self, minimum: float) -> float:
        """Return the remaining seconds, at least `minimum`."""
        return max(self.left(), minimum)
