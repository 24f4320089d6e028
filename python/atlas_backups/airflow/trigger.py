"""`AtlasSnapshotTrigger`: waits for a snapshot in the triggerer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import BaseTrigger, TriggerEvent
from atlas_backups.airflow.events import completed, failure
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.shared import shared_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from atlas_backups import Snapshot

# Enough for one look at the snapshot when the time is over.
_LAST_LOOK_SECONDS = 15.0


class AtlasSnapshotTrigger(BaseTrigger):
    """Waits until a snapshot is completed or failed; outages are waited through.

    It fires one event, also for every error, and never raises. What it keeps in Airflow's
    database holds no secret: it looks the connection up itself, wherever it runs.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        snapshot_id: id of the snapshot.
        deadline: end of the wait, in seconds since the epoch. It stays as it is when a triggerer
            is started again.
        timeout: seconds to wait at most, counted from the start of the trigger: what bounds the
            wait if the clock of the worker, which wrote `deadline`, was ahead.
        poll_interval: seconds between two looks; `None`: it grows from 1 to 30.
        atlas_conn_id: id of the connection.
    """

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
        super().__init__()
        self.group_id = group_id
        self.cluster_name = cluster_name
        self.snapshot_id = snapshot_id
        self.deadline = deadline
        self.timeout = timeout
        self.poll_interval = poll_interval
        self.atlas_conn_id = atlas_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments."""
        return (
            f"{__name__}.{type(self).__name__}",
            {
                "group_id": self.group_id,
                "cluster_name": self.cluster_name,
                "snapshot_id": self.snapshot_id,
                "deadline": self.deadline,
                "timeout": self.timeout,
                "poll_interval": self.poll_interval,
                "atlas_conn_id": self.atlas_conn_id,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire the one event."""
        try:
            payload = completed(await self._wait())
        except Exception as error:  # noqa: BLE001  # whatever it is, the task has to hear of it
            payload = failure(error)
        yield TriggerEvent(payload)

    async def _wait(self) -> Snapshot:
        left = min(self.deadline - time.time(), self.timeout)
        settings = await AtlasBackupsHook(self.atlas_conn_id).settings_async()
        async with shared_client(settings) as atlas:
            return await atlas.wait_for_snapshot_async(
                self.group_id,
                self.cluster_name,
                self.snapshot_id,
                timeout=max(left, _LAST_LOOK_SECONDS),
                poll_interval=self.poll_interval,
            )
