"""Looking for a completed snapshot that is new enough, now and in the triggerer."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, ClassVar

from atlas_backups.airflow import arguments
from atlas_backups.airflow.failures import OUTAGES
from atlas_backups.airflow.waiting import WaitingTrigger
from atlas_backups.errors import InvalidArgumentError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atlas_backups import AtlasBackups, Snapshot

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Age:
    """How new the data has to be.

    Attributes:
        newer_than: a moment, ISO 8601; `None`: there is `max_age`.
        max_age: seconds, counted back from each look; `None`: there is `newer_than`.
    """

    newer_than: str | None = None
    max_age: float | None = None

    def __str__(self) -> str:
        if self.newer_than is not None:
            return f"newer than {self.newer_than}"
        return f"at most {self.max_age:g} s old"

    def newest(self, snapshots: Iterable[Snapshot]) -> Snapshot | None:
        """Return the newest completed snapshot whose data is new enough, if there is one.

        The data is of `created_at`; a snapshot was asked for before that, and is completed after.
        Atlas gives it in whole seconds, so data of the second that was asked for does not count.
        """
        since = self._since()
        found = [
            (snapshot.created_at, snapshot)
            for snapshot in snapshots
            if snapshot.status == "completed" and snapshot.created_at is not None
        ]
        newest = max(found, key=lambda pair: pair[0], default=None)
        return newest[1] if newest is not None and newest[0] > since else None

    def _since(self) -> datetime:
        if self.newer_than is not None:
            return datetime.fromisoformat(self.newer_than)
        return datetime.now(timezone.utc) - timedelta(seconds=self.max_age or 0)


def moment(name: str, value: object) -> str:
    """Return a moment as ISO 8601 in UTC: from a datetime, or from a text; without zone it is UTC.

    Raises:
        InvalidArgumentError: it is something else.
    """
    found = value
    if not isinstance(found, datetime):
        text = arguments.text(name, value)
        try:
            found = datetime.fromisoformat(text.replace("Z", "+00:00"))  # 3.10 does not read the Z
        except ValueError:
            raise InvalidArgumentError(
                f"{name} must be a time like 2026-11-24T12:00:00+00:00, not {text!r}"
            ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    return found.astimezone(timezone.utc).isoformat()


class RecentSnapshotTrigger(WaitingTrigger):
    """Waits until a cluster has a completed snapshot that is new enough.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        newer_than: as of `Age`.
        max_age: as of `Age`.
        poll_interval: seconds between two looks.
        deadline: as of every `WaitingTrigger`.
        timeout: the same.
        atlas_conn_id: the same.
    """

    arguments: ClassVar[tuple[str, ...]] = (
        "group_id",
        "cluster_name",
        "newer_than",
        "max_age",
        "poll_interval",
    )

    def __init__(  # noqa: PLR0913  # what it waits for, and how, keyword-only
        self,
        *,
        group_id: str,
        cluster_name: str,
        newer_than: str | None,
        max_age: float | None,
        poll_interval: float,
        deadline: float,
        timeout: float,
        atlas_conn_id: str,
    ) -> None:
        super().__init__(deadline=deadline, timeout=timeout, atlas_conn_id=atlas_conn_id)
        self.group_id = group_id
        self.cluster_name = cluster_name
        self.newer_than = newer_than
        self.max_age = max_age
        self.poll_interval = poll_interval

    async def wait(self, atlas: AtlasBackups, timeout: float) -> Snapshot:
        """Return the newest such snapshot."""
        age = Age(newer_than=self.newer_than, max_age=self.max_age)
        end = time.monotonic() + timeout
        while True:
            try:
                snapshots = await atlas.list_snapshots_async(self.group_id, self.cluster_name)
            except OUTAGES as error:
                _log.warning("Looking again in %g s: %s", self.poll_interval, error)
            else:
                if (found := age.newest(snapshots)) is not None:
                    return found
            left = end - time.monotonic()
            if left <= 0:
                raise WaitTimeoutError(
                    f"cluster {self.cluster_name} has no completed snapshot with data {age}"
                )
            await asyncio.sleep(min(self.poll_interval, left))
