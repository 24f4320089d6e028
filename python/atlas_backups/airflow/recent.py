"""`RecentSnapshotTrigger`: polls in the triggerer for a snapshot that meets a demand."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, ClassVar

from atlas_backups.airflow.demand import Demand
from atlas_backups.airflow.failures import OUTAGES
from atlas_backups.airflow.messages import sentence_first
from atlas_backups.airflow.waiting import WaitingTrigger
from atlas_backups.errors import WaitTimeoutError

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot

_log = logging.getLogger(__name__)


class RecentSnapshotTrigger(WaitingTrigger):
    """Waits until a cluster has a completed snapshot that meets a demand.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        newer_than: as of `Demand`.
        max_age: as of `Demand`.
        min_remaining_retention: as of `Demand`.
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
        poll_interval: float,
        deadline: float,
        timeout: float,
        atlas_conn_id: str,
        min_remaining_retention: float | None = None,  # a trigger of an older version has none
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
        demand = Demand(
            newer_than=self.newer_than,
            max_age=self.max_age,
            min_remaining_retention=self.min_remaining_retention,
        )
        end = time.monotonic() + timeout
        while True:
            try:
                snapshots = await atlas.list_snapshots_async(self.group_id, self.cluster_name)
            except OUTAGES as error:
                _log.warning("Looking again in %g s: %s", self.poll_interval, sentence_first(error))
            else:
                if (found := demand.newest(snapshots)) is not None:
                    return found
            left = end - time.monotonic()
            if left <= 0:
                raise WaitTimeoutError(
                    f"cluster {self.cluster_name} has no completed snapshot{demand}"
                )
            await asyncio.sleep(min(self.poll_interval, left))
