"""Criteria of the sensor: the age of a snapshot's data and its remaining retention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow import arguments
from atlas_backups.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atlas_backups import Snapshot


@dataclass(frozen=True, kw_only=True)
class SnapshotCriteria:
    """Criteria that a completed snapshot must meet; `None`: no criterion.

    Attributes:
        newer_than: ISO 8601 time; the data must be newer.
        max_age: the greatest age of the data in seconds, at the time of each poll.
        min_remaining_retention: the shortest time to its expiry in seconds, at each poll.
    """

    newer_than: str | None = None
    max_age: float | None = None
    min_remaining_retention: float | None = None

    def __str__(self) -> str:
        parts = [f"data {age}"] if (age := self._age()) else []
        if self.min_remaining_retention is not None:
            parts.append(f"at least {self.min_remaining_retention:g} s of retention left")
        return f" with {' and '.join(parts)}" if parts else ""

    def newest(self, snapshots: Iterable[Snapshot]) -> Snapshot | None:
        """Return the completed snapshot with the newest data that meets the criteria, if any."""
        found = [
            (snapshot.created_at, snapshot)
            for snapshot in snapshots
            if snapshot.status == "completed"
            and snapshot.created_at is not None
            and self._violation(snapshot.created_at, snapshot.expires_at) is None
        ]
        newest = max(found, key=lambda pair: pair[0], default=None)
        return None if newest is None else newest[1]

    def check(self, snapshot: Mapping[str, Any]) -> str | None:
        """Return why a completed snapshot does not meet the criteria; `None`: it does.

        Args:
            snapshot: as returned by `snapshot_json.as_json`.
        """
        times = (snapshot.get(name) for name in ("created_at", "expires_at"))
        created_at, expires_at = (None if time is None else _parse(time) for time in times)
        if (reason := self._violation(created_at, expires_at)) is None:
            return None
        return (
            f"snapshot {snapshot.get('snapshot_id')} of cluster {snapshot.get('cluster_name')} "
            f"{reason}"
        )

    def _violation(self, created_at: datetime | None, expires_at: datetime | None) -> str | None:
        # `created_at` is the time of the data, between request and completion. Atlas truncates it
        # to seconds, so data of the same second as the limit does not count.
        since = self._since()
        if since is not None and (created_at is None or created_at <= since):
            return f"holds data of {_iso(created_at)}, which is not {self._age()}"
        if self.min_remaining_retention is None:
            return None
        left = 0.0
        if expires_at is not None:
            left = (expires_at - datetime.now(timezone.utc)).total_seconds()
        if left >= self.min_remaining_retention:
            return None
        return (
            f"expires at {_iso(expires_at)}, in {max(left, 0):.0f} s: less than the required "
            f"{self.min_remaining_retention:g} s"
        )

    def _age(self) -> str | None:
        if self.newer_than is not None:
            return f"newer than {self.newer_than}"
        return None if self.max_age is None else f"at most {self.max_age:g} s old"

    def _since(self) -> datetime | None:
        if self.newer_than is not None:
            return datetime.fromisoformat(self.newer_than)
        if self.max_age is not None:
            return datetime.now(timezone.utc) - timedelta(seconds=self.max_age)
        return None


def utc_time(name: str, value: object) -> str:
    """Return a datetime or text as ISO 8601 in UTC; a naive one is taken as UTC.

    Raises:
        InvalidArgumentError: it is neither.
    """
    found = value
    if not isinstance(found, datetime):
        text = arguments.text(name, value)
        try:
            found = _parse(text)
        except ValueError:
            raise InvalidArgumentError(
                f"{name} must be a time like 2026-11-24T12:00:00+00:00, not {text!r}"
            ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    return found.astimezone(timezone.utc).isoformat()


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not parse Z


def _iso(time: datetime | None) -> str:
    return "an unknown time" if time is None else time.isoformat()
