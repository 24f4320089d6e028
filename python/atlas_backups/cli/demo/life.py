"""What has been seen of the snapshot, and when: the story that the screen tells."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atlas_backups._quantities import size
from atlas_backups.cli.tables import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_backups import Snapshot

# In the order in which they arrive, the last two together at the end.
_ARRIVING = ("mongod_version", "cloud_provider", "created_at", "storage_size_bytes")


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one look showed that the one before did not.

    Attributes:
        elapsed: seconds from the beginning.
        status: the status then.
        is_new_status: whether the one before had another status.
        facts: name and value of each field that changed.
    """

    elapsed: float
    status: str
    is_new_status: bool
    facts: tuple[tuple[str, str], ...]


class Life:
    """The changes in order. Time runs from its making on.

    Args:
        planned_seconds: how long the emulator was told to take.
        clock: monotonic seconds.
    """

    def __init__(
        self, *, planned_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.planned_seconds = planned_seconds
        self.changes: list[Change] = []
        self._clock = clock
        self._began = clock()
        self._last: Snapshot | None = None

    @property
    def elapsed(self) -> float:
        """Seconds until now, or until the end once that was seen."""
        if self._last is not None and self._last.is_final:
            return self.changes[-1].elapsed
        return self._clock() - self._began

    @property
    def status(self) -> str:
        """The status as last seen."""
        return self.changes[-1].status if self.changes else "not asked for"

    @property
    def is_over(self) -> bool:
        """Whether its end was seen."""
        return self._last is not None and self._last.is_final

    @property
    def still_unsaid(self) -> tuple[str, ...]:
        """The fields that Atlas has not filled yet; the size comes with `created_at`."""
        return tuple(name for name in _ARRIVING[:-1] if not getattr(self._last, name, None))

    def status_at(self, elapsed: float) -> str:
        """Return the status that was known at a moment of the past."""
        before = [change.status for change in self.changes if change.elapsed <= elapsed]
        return before[-1] if before else ""

    def add(self, snapshot: Snapshot) -> Change | None:
        """Note a look; return what is new in it, or `None`."""
        elapsed, last = self.elapsed, self._last
        facts = _facts(last, snapshot)
        is_new_status = last is None or last.status != snapshot.status
        self._last = snapshot
        if not facts and not is_new_status:
            return None
        change = Change(
            elapsed=elapsed,
            status=snapshot.status or "",
            is_new_status=is_new_status,
            facts=tuple(facts),
        )
        self.changes.append(change)
        return change


def _facts(before: Snapshot | None, after: Snapshot) -> list[tuple[str, str]]:
    facts = [("id", after.id)] if before is None else []
    for name in _ARRIVING:
        value = getattr(after, name, None)
        if value and value != getattr(before, name, None):
            facts.append((name, _shown(name, value)))
    if after.expires_at is not None:
        known = before.expires_at if before is not None else None
        if known is None:
            facts.append(("expires_at", moment(after.expires_at)))
        elif known != after.expires_at:
            moved = (after.expires_at - known).total_seconds()
            facts.append(("expires_at", f"{moment(after.expires_at)}, moved {moved:g} s"))
    return facts


def _shown(name: str, value: object) -> str:
    if name == "storage_size_bytes" and isinstance(value, int):
        return f"{value} ({size(value)})"
    if name == "created_at":
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return str(value)
