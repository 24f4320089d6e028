"""`AtlasSnapshotTrigger`: waits for a snapshot in the triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.waiting import WaitingTrigger

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot


class AtlasSnapshotTrigger(WaitingTrigger):
    """Waits until a snapshot is completed or failed; outages are waited through.

    It fires one event, also for every error, and never raises. What it keeps in Airflow's
    database holds no secret: it looks the connection up itself. All triggers of a triggerer that
    use the same connection share one client. When it is cancelled nothing happens in Atlas: a
    snapshot cannot be stopped, and nothing is ever deleted.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        snapshot_id: id of the snapshot.
        deadline: end of the wait, in seconds since the epoch: it stays what it is when the
            triggerer is started again.
        timeout: seconds to wait at most after each start, should the clock that wrote `deadline`
            have been ahead.
        poll_interval: seconds between two looks; `None`: it grows from 1 to 30.
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
        """Say in the log that the snapshot goes on (Airflow 3.3)."""
        self.log.info("Snapshot %s goes on: Atlas cannot cancel one", self.snapshot_id)

    async def wait(self, atlas: AtlasBackups, timeout: float) -> Snapshot:
        """Return the completed snapshot."""
        return await atlas.wait_for_snapshot_async(
            self.group_id,
            self.cluster_name,
            self.snapshot_id,
            timeout=timeout,
            poll_interval=self.poll_interval,
        )
