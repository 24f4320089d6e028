"""The methods that read, list, update and delete snapshots."""

from __future__ import annotations

from atlas_backups._core import Operation
from atlas_backups.client.base import BaseClient, snapshot_address
from atlas_backups.client.sansio import Effects, run_async, run_sync
from atlas_backups.models import Snapshot, SnapshotList


class SnapshotMethods(BaseClient):
    """The methods that read, list, update and delete snapshots."""

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
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.

        Returns:
            The snapshot as it is now; that of a sharded cluster with its `members`.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotNotFoundError: there is none; other `ApiError`s: Atlas rejected the request.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return run_sync(self._execute_read(self._get(group_id, cluster_name, snapshot_id)))

    async def get_snapshot_async(
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
    ) -> Snapshot:
        """Read one snapshot.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.

        Returns:
            The snapshot as it is now; that of a sharded cluster with its `members`.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotNotFoundError: there is none; other `ApiError`s: Atlas rejected the request.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return await run_async(self._execute_read(self._get(group_id, cluster_name, snapshot_id)))

    def list_snapshots(
        self, group_id: str, cluster_name: str, *, include_sharded: bool = True
    ) -> SnapshotList:
        """List all snapshots of a cluster; reads all pages before it returns.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.
            cluster_name: name of the cluster.
            include_sharded: whether to read the list for sharded clusters too; their parts are
                then only in `members`. `False`: the items of the plain list.

        Returns:
            The snapshots, newest first.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return run_sync(self._list(group_id, cluster_name, include_sharded=include_sharded))

    async def list_snapshots_async(
        self, group_id: str, cluster_name: str, *, include_sharded: bool = True
    ) -> SnapshotList:
        """List all snapshots of a cluster; reads all pages before it returns.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.
            cluster_name: name of the cluster.
            include_sharded: whether to read the list for sharded clusters too; their parts are
                then only in `members`. `False`: the items of the plain list.

        Returns:
            The snapshots, newest first.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        effects = self._list(group_id, cluster_name, include_sharded=include_sharded)
        return await run_async(effects)

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
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            days: retention in days, 1 to 2147483647; pass exactly one of the four units.
            weeks: retention in weeks.
            months: retention in months.
            years: retention in years.
            wait: whether to wait for an unfinished snapshot first, which Atlas does not change.
            wait_timeout: seconds for that wait; finite and above 0.

        Returns:
            The snapshot with its new `expires_at`.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotNotCompletedError: it is unfinished, and `wait` is off.
            CompliancePolicyError: the Backup Compliance Policy of the project forbids it.
            WaitTimeoutError: `wait_timeout` expired.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            ClientClosedError: the client is closed.
        """
        return run_sync(
            self._update_retention(
                group_id,
                cluster_name,
                snapshot_id,
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
        """Change how long a snapshot is kept, counted from its completion.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            days: retention in days, 1 to 2147483647; pass exactly one of the four units.
            weeks: retention in weeks.
            months: retention in months.
            years: retention in years.
            wait: whether to wait for an unfinished snapshot first, which Atlas does not change.
            wait_timeout: seconds for that wait; finite and above 0.

        Returns:
            The snapshot with its new `expires_at`.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotNotCompletedError: it is unfinished, and `wait` is off.
            CompliancePolicyError: the Backup Compliance Policy of the project forbids it.
            WaitTimeoutError: `wait_timeout` expired.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            ClientClosedError: the client is closed.
        """
        return await run_async(
            self._update_retention(
                group_id,
                cluster_name,
                snapshot_id,
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
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            wait: whether to wait for an unfinished snapshot first, which Atlas does not delete.
            wait_timeout: seconds for that wait; finite and above 0.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotNotCompletedError: it is unfinished, and `wait` is off.
            SnapshotNotFoundError: there is none.
            CompliancePolicyError: the Backup Compliance Policy of the project forbids it.
            WaitTimeoutError: `wait_timeout` expired; nothing was deleted.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            ClientClosedError: the client is closed.
        """
        address = snapshot_address(group_id, cluster_name, snapshot_id)
        operation = self._core.delete_snapshot(*address, wait=wait, wait_timeout=wait_timeout)
        return run_sync(self._execute(operation))

    async def delete_snapshot_async(
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
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            wait: whether to wait for an unfinished snapshot first, which Atlas does not delete.
            wait_timeout: seconds for that wait; finite and above 0.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotNotCompletedError: it is unfinished, and `wait` is off.
            SnapshotNotFoundError: there is none.
            CompliancePolicyError: the Backup Compliance Policy of the project forbids it.
            WaitTimeoutError: `wait_timeout` expired; nothing was deleted.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            ClientClosedError: the client is closed.
        """
        address = snapshot_address(group_id, cluster_name, snapshot_id)
        operation = self._core.delete_snapshot(*address, wait=wait, wait_timeout=wait_timeout)
        return await run_async(self._execute(operation))

    def _get(
        self,
        group_id: str | Snapshot,
        cluster_name: str | None,
        snapshot_id: str | Snapshot | None,
    ) -> Operation[Snapshot]:
        return self._core.get_snapshot(*snapshot_address(group_id, cluster_name, snapshot_id))

    def _update_retention(  # noqa: PLR0913  # the same
        self,
        group_id: str | Snapshot,
        cluster_name: str | None,
        snapshot_id: str | Snapshot | None,
        *,
        days: int | None,
        weeks: int | None,
        months: int | None,
        years: int | None,
        wait: bool,
        wait_timeout: float,
    ) -> Effects[Snapshot]:
        operation = self._core.update_retention(
            *snapshot_address(group_id, cluster_name, snapshot_id)[:3],
            days=days,
            weeks=weeks,
            months=months,
            years=years,
            wait=wait,
            wait_timeout=wait_timeout,
        )
        return self._execute(operation)

    def _list(
        self, group_id: str, cluster_name: str, *, include_sharded: bool
    ) -> Effects[SnapshotList]:
        operation = self._core.list_snapshots(
            group_id, cluster_name, include_sharded=include_sharded
        )
        return SnapshotList((yield from self._execute_read(operation)))
