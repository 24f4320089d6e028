"""Triggers, which wait in the triggerer: for one snapshot, or for one that meets criteria."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from atlas_backups.airflow.client_pool import shared_client
from atlas_backups.airflow.compat import BaseTrigger, TriggerEvent
from atlas_backups.airflow.criteria import SnapshotCriteria
from atlas_backups.airflow.deadline import Deadline
from atlas_backups.airflow.errors import TRANSIENT
from atlas_backups.airflow.events import completed, failure
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from atlas_backups import AtlasBackups, Snapshot

_log = logging.getLogger(__name__)
# For the poll that is due even after the deadline: the snapshot may be completed.
_LAST_POLL_SECONDS = 15.0


class WaitingTrigger(BaseTrigger):
    """Waits until a deadline, then fires one event, also for every error; it never raises.

    Airflow's database stores no secret of it: it reads the connection itself. All triggers of a
    triggerer that use the same connection share one client.

    Args:
        deadline: end of the wait, in seconds since the epoch; a restart does not change it.
        timeout: the longest wait after each start, in seconds, if the clock that wrote `deadline`
            was ahead.
        atlas_conn_id: id of the connection.
    """

    # The other arguments of the class, which are serialized under their own names.
    arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, deadline: float, timeout: float, atlas_conn_id: str) -> None:
        super().__init__()
        self.deadline = deadline
        self.timeout = timeout
        self.atlas_conn_id = atlas_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of the class, and its arguments."""
        names = ("deadline", "timeout", "atlas_conn_id", *self.arguments)
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire the event."""
        deadline = Deadline(moment=self.deadline, timeout=self.timeout)
        left = deadline.left()
        try:
            settings = await AtlasBackupsHook(self.atlas_conn_id).settings_async()
            async with shared_client(settings) as atlas:
                timeout = deadline.left_at_least(_LAST_POLL_SECONDS)
                event = completed(await self.wait(atlas, timeout))
        except WaitTimeoutError as error:
            event = failure(error)
            event["message"] += self._timeout_note(left)
        except Exception as error:  # noqa: BLE001  # the task must receive every error
            event = failure(error)
        # The event carries the deadline for a task that defers again: `dag.test()` keeps no
        # arguments of `defer`.
        yield TriggerEvent({**event, "deadline": self.deadline})

    @abstractmethod
    async def wait(self, atlas: AtlasBackups, timeout: float) -> Snapshot:
        """Return the snapshot to wait for.

        Raises:
            WaitTimeoutError: `timeout` seconds have passed.
        """

    def _timeout_note(self, left: float) -> str:
        if left > 0:
            return f" (the timeout of the task is {self.timeout:g} s)"
        return (
            f" (the timeout of the task, {self.timeout:g} s, expired {-left:.0f} s before the "
            "triggerer began to wait: no triggerer was running, or its clock and the worker's "
            "differ)"
        )


class AtlasSnapshotTrigger(WaitingTrigger):
    """Waits until a snapshot is completed or failed; tolerates outages.

    It fires one event, also for every error, and never raises. Airflow's database stores no secret
    of it: it reads the connection itself. All triggers of a triggerer that use the same connection
    share one client. Cancelling it has no effect in Atlas: a snapshot cannot be cancelled, and is
    never deleted.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        snapshot_id: id of the snapshot.
        deadline: end of the wait, in seconds since the epoch; a restart does not change it.
        timeout: the longest wait after each start, in seconds, if the clock that wrote `deadline`
            was ahead.
        poll_interval: seconds between two polls; `None`: exponential backoff from 1 to 30.
        atlas_conn_id: id of the connection.
    """

    arguments: ClassVar[tuple[str, ...]] = (
        "group_id",
        "cluster_name",
        "snapshot_id",
        "poll_interval",
    )

    def __init__(  # noqa: PLR0913  # what it waits for, and how, keyword-only
        self,
        *,
        group_id: str,
        cluster_name: str,
        snapshot_id: str,
        deadline: float,
        timeout: float,
        poll_interval: float | None = None,
        atlas_conn_id: str = AtlasBackupsHook.default_conn_name,
    ) -> None:
        super().__init__(deadline=deadline, timeout=timeout, atlas_conn_id=atlas_conn_id)
        self.group_id = group_id
        self.cluster_name = cluster_name
        self.snapshot_id = snapshot_id
        self.poll_interval = poll_interval

    async def on_kill(self) -> None:
        """Log that the snapshot continues (Airflow 3.3)."""
        self.log.info("Snapshot %s continues: Atlas cannot cancel it", self.snapshot_id)

    async def wait(self, atlas: AtlasBackups, timeout: float) -> Snapshot:
        """Return the completed snapshot."""
        return await atlas.wait_for_snapshot_async(
            self.group_id,
            self.cluster_name,
            self.snapshot_id,
            timeout=timeout,
            poll_interval=self.poll_interval,
        )


class RecentSnapshotTrigger(WaitingTrigger):
    """Waits until a cluster has a completed snapshot that meets criteria.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        newer_than: as in `SnapshotCriteria`.
        max_age: as in `SnapshotCriteria`.
        min_remaining_retention: as in `SnapshotCriteria`.
        poll_interval: seconds between two polls.
        deadline: as in `WaitingTrigger`.
        timeout: as in `WaitingTrigger`.
        atlas_conn_id: as in `WaitingTrigger`.
    """

    arguments: ClassVar[tuple[str, ...]] = (
        "group_id",
        "cluster_name",
        "newer_than",
        "max_age",
        "min_remaining_retention",
        "poll_interval",
    )

    def __init__(  # noqa: PLR0913  # what it waits for, and how, keyword-only
        self,
        *,
        group_id: str,
        cluster_name: str,
        newer_than: str | None,
        max_age: float | None,
        min_remaining_retention: float | None,
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
        self.min_remaining_retention = min_remaining_retention
        self.poll_interval = poll_interval

    async def wait(self, atlas: AtlasBackups, timeout: float) -> Snapshot:
        """Return the newest such snapshot."""
        criteria = SnapshotCriteria(
            newer_than=self.newer_than,
            max_age=self.max_age,
            min_remaining_retention=self.min_remaining_retention,
        )
        end = time.monotonic() + timeout
        while True:
            try:
                snapshots = await atlas.list_snapshots_async(self.group_id, self.cluster_name)
            except TRANSIENT as error:
                _log.warning("Polling again in %g s: %s", self.poll_interval, error)
            else:
                if (found := criteria.newest(snapshots)) is not None:
                    return found
            left = end - time.monotonic()
            if left <= 0:
                raise WaitTimeoutError(
                    f"cluster {self.cluster_name} has no completed snapshot{criteria}"
                )
            await asyncio.sleep(min(self.poll_interval, left))
