"""Reading, keeping and deleting snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.client.arguments import Address, address
from atlas_backups.client.base import Base
from atlas_backups.client.drive import drive, drive_async
from atlas_backups.models import Snapshot, SnapshotList

if TYPE_CHECKING:
    from atlas_backups._core import Operation
    from atlas_backups.client.drive import Steps


class SnapshotMethods(Base):
    """The methods that read, keep and delete snapshots."""

    __slots__ = ()

    def get_snapshot(
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
    ) -> Snapshot:
        """Read one snapshot.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, and nothing else.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 hexadecimal digits in lower case.

        Returns:
            The snapshot as it is now; that of a sharded cluster with its `members`.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            SnapshotNotFoundError: there is none; other `ApiError`s: Atlas refused.
            TransportError: Atlas could not be reached, after all retries.
            InvalidResponseError: the answer is not what Atlas sends.
            RequestTimeoutError: `total_timeout` ended.
            ClientClosedError: the client was closed before.
        """
        return drive(self._read(self._get(group_id, cluster_name, snapshot_id)))

    async def get_snapshot_async(
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
    ) -> Snapshot:
        """Call `get_snapshot` from asyncio."""
        return await drive_async(self._read(self._get(group_id, cluster_name, snapshot_id)))

    def list_snapshots(
        self, group_id: str, cluster_name: str, *, include_sharded: bool = True
    ) -> SnapshotList:
        """List all snapshots of a cluster, however many pages there are.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 hexadecimal digits in lower case.
            cluster_name: name of the cluster.
            include_sharded: whether to ask for the snapshots of sharded clusters too, whose parts
                then stand in their `members` only. `False`: what the plain list says.

        Returns:
            The snapshots, newest first.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            ApiError: Atlas refused; its class says why.
            TransportError: Atlas could not be reached, after all retries.
            InvalidResponseError: the answer is not what Atlas sends.
            RequestTimeoutError: `total_timeout` ended.
            ClientClosedError: the client was closed before.
        """
        return drive(self._list(group_id, cluster_name, include_sharded=include_sharded))

    async def list_snapshots_async(
        self, group_id: str, cluster_name: str, *, include_sharded: bool = True
    ) -> SnapshotList:
        """Call `list_snapshots` from asyncio."""
        steps = self._list(group_id, cluster_name, include_sharded=include_sharded)
        return await drive_async(steps)

    def update_retention(  # noqa: PLR0913  # the units of the API, keyword-only
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        days: int | None = None,
        weeks: int | None = None,
        months: int | None = None,
        years: int | None = None,
        wait: bool = False,
        wait_timeout: float = 3600.0,
    ) -> Snapshot:
        """Change how long a snapshot is kept, counted from its completion.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, and no cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 hexadecimal digits in lower case.
            days: how long in days; exactly one of the four units, 1 to 2147483647.
            weeks: how long in weeks.
            months: how long in months.
            years: how long in years.
            wait: whether to wait for an unfinished snapshot first, which Atlas does not change.
            wait_timeout: seconds for that; finite and above 0.

        Returns:
            The snapshot with its new `expires_at`.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            SnapshotNotCompletedError: it is unfinished, and `wait` is off.
            CompliancePolicyError: the project's policy forbids it.
            WaitTimeoutError: `wait_timeout` is over.
            ApiError: Atlas refused; its class says why.
            TransportError: Atlas could not be reached, after all retries.
            ClientClosedError: the client was closed before.
        """
        return drive(
            self._retain(
                address(group_id, cluster_name, snapshot_id),
                days=days,
                weeks=weeks,
                months=months,
                years=years,
                wait=wait,
                wait_timeout=wait_timeout,
            )
        )

    async def update_retention_async(  # noqa: PLR0913  # the same
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        days: int | None = None,
        weeks: int | None = None,
        months: int | None = None,
        years: int | None = None,
        wait: bool = False,
        wait_timeout: float = 3600.0,
    ) -> Snapshot:
        """Call `update_retention` from asyncio."""
        return await drive_async(
            self._retain(
                address(group_id, cluster_name, snapshot_id),
                days=days,
                weeks=weeks,
                months=months,
                years=years,
                wait=wait,
                wait_timeout=wait_timeout,
            )
        )

    def delete_snapshot(
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        wait: bool = False,
        wait_timeout: float = 3600.0,
    ) -> None:
        """Delete a snapshot.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, and no cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 hexadecimal digits in lower case.
            wait: whether to wait for an unfinished snapshot first, which Atlas does not delete.
            wait_timeout: seconds for that; finite and above 0.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            SnapshotNotCompletedError: it is unfinished, and `wait` is off.
            SnapshotNotFoundError: there is none.
            CompliancePolicyError: the project's policy forbids it.
            WaitTimeoutError: `wait_timeout` is over; nothing was deleted.
            ApiError: Atlas refused; its class says why.
            TransportError: Atlas could not be reached, after all retries.
            ClientClosedError: the client was closed before.
        """
        found = address(group_id, cluster_name, snapshot_id)
        operation = self._core.delete_snapshot(*found, wait=wait, wait_timeout=wait_timeout)
        return drive(self._write(operation))

    async def delete_snapshot_async(
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        wait: bool = False,
        wait_timeout: float = 3600.0,
    ) -> None:
        """Call `delete_snapshot` from asyncio."""
        found = address(group_id, cluster_name, snapshot_id)
        operation = self._core.delete_snapshot(*found, wait=wait, wait_timeout=wait_timeout)
        return await drive_async(self._write(operation))

    def _get(
        self,
        group_id: str | Snapshot,
        cluster_name: str | None,
        snapshot_id: str | Snapshot | None,
    ) -> Operation[Snapshot]:
        return self._core.get_snapshot(*address(group_id, cluster_name, snapshot_id))

    def _retain(  # noqa: PLR0913  # the same
        self,
        found: Address,
        *,
        days: int | None,
        weeks: int | None,
        months: int | None,
        years: int | None,
        wait: bool,
        wait_timeout: float,
    ) -> Steps[Snapshot]:
        operation = self._core.update_retention(
            *found[:3],
            days=days,
            weeks=weeks,
            months=months,
            years=years,
            wait=wait,
            wait_timeout=wait_timeout,
        )
        return self._write(operation)

    def _list(
        self, group_id: str, cluster_name: str, *, include_sharded: bool
    ) -> Steps[SnapshotList]:
        operation = self._core.list_snapshots(
            group_id, cluster_name, include_sharded=include_sharded
        )
        return SnapshotList((yield from self._read(operation)))
