"""`wait_for_snapshot` and `watch_snapshot`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from atlas_backups._core import Operation
from atlas_backups.client.base import BaseClient, SnapshotAddress, check_bool, snapshot_address
from atlas_backups.client.sansio import (
    EffectIterator,
    Effects,
    iterate,
    iterate_async,
    run_async,
    run_sync,
)
from atlas_backups.models import Snapshot


class WaitMethods(BaseClient):
    """The methods that wait for a snapshot."""

    __slots__ = ()

    def wait_for_snapshot(  # noqa: PLR0913  # how to wait, keyword-only
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        timeout: float = 3600.0,
        poll_interval: float | None = None,
        progress: bool = False,
    ) -> Snapshot:
        """Wait until a snapshot is completed.

        Polls with exponential backoff and tolerates outages. After a `WaitTimeoutError` the
        snapshot is still in progress; call again to wait longer.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            timeout: seconds to wait at most; finite and above 0.
            poll_interval: seconds between two polls; finite and above 0. `None`: it grows from
                1 to 30.
            progress: whether to show progress: with `tqdm` in a terminal or a notebook, otherwise
                with one line on standard error for each change.

        Returns:
            The snapshot, with status `"completed"`.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotFailedError: Atlas failed to take it: there is no backup.
            DuplicateSnapshotsError: it is completed, but others have the tag of its key too.
            WaitTimeoutError: `timeout` expired; `.snapshot` is the snapshot as last seen.
            SnapshotNotFoundError: there is none, or it was deleted during the wait.
            ApiError: the credentials may not read it.
            TransportError: the certificate of the server is not trusted.
            ClientClosedError: the client is closed.
        """
        address = snapshot_address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *address, timeout=timeout, poll_interval=poll_interval, reject_failed=True
        )
        return run_sync(self._wait(watch, address, progress=check_bool("progress", progress)))

    async def wait_for_snapshot_async(  # noqa: PLR0913  # the same
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        timeout: float = 3600.0,
        poll_interval: float | None = None,
        progress: bool = False,
    ) -> Snapshot:
        """Wait until a snapshot is completed.

        Polls with exponential backoff and tolerates outages. After a `WaitTimeoutError` the
        snapshot is still in progress; call again to wait longer.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            timeout: seconds to wait at most; finite and above 0.
            poll_interval: seconds between two polls; finite and above 0. `None`: it grows from
                1 to 30.
            progress: whether to show progress: with `tqdm` in a terminal or a notebook, otherwise
                with one line on standard error for each change.

        Returns:
            The snapshot, with status `"completed"`.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotFailedError: Atlas failed to take it: there is no backup.
            DuplicateSnapshotsError: it is completed, but others have the tag of its key too.
            WaitTimeoutError: `timeout` expired; `.snapshot` is the snapshot as last seen.
            SnapshotNotFoundError: there is none, or it was deleted during the wait.
            ApiError: the credentials may not read it.
            TransportError: the certificate of the server is not trusted.
            ClientClosedError: the client is closed.
        """
        address = snapshot_address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *address, timeout=timeout, poll_interval=poll_interval, reject_failed=True
        )
        effects = self._wait(watch, address, progress=check_bool("progress", progress))
        return await run_async(effects)

    def watch_snapshot(  # noqa: PLR0913  # the same
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        timeout: float = 3600.0,
        poll_interval: float | None = None,
        progress: bool = False,
    ) -> Iterator[Snapshot]:
        """Iterate over the states of a snapshot: the current one, then every change to the end.

        The last one is final: its status is `"completed"` or `"failed"`. Failed snapshots and
        duplicates are not raised.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            timeout: seconds to wait at most; finite and above 0.
            poll_interval: seconds between two polls; finite and above 0. `None`: it grows from
                1 to 30.
            progress: whether to show progress, as `wait_for_snapshot` does.

        Returns:
            An iterator that waits between one snapshot and the next.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            WaitTimeoutError: `timeout` expired; `.snapshot` is the snapshot as last seen.
            SnapshotNotFoundError: there is none, or it was deleted during the wait.
            ApiError: the credentials may not read it.
            TransportError: the certificate of the server is not trusted.
            ClientClosedError: the client is closed.
        """
        address = snapshot_address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *address, timeout=timeout, poll_interval=poll_interval, reject_failed=False
        )
        return iterate(self._watch(watch, address, progress=check_bool("progress", progress)))

    async def watch_snapshot_async(  # noqa: PLR0913  # the same
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        timeout: float = 3600.0,
        poll_interval: float | None = None,
        progress: bool = False,
    ) -> AsyncGenerator[Snapshot, None]:
        """Iterate over the states of a snapshot: the current one, then every change to the end.

        The last one is final: its status is `"completed"` or `"failed"`. Failed snapshots and
        duplicates are not raised.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, without cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 lower-case hexadecimal digits.
            timeout: seconds to wait at most; finite and above 0.
            poll_interval: seconds between two polls; finite and above 0. `None`: it grows from
                1 to 30.
            progress: whether to show progress, as `wait_for_snapshot` does.

        Returns:
            An async iterator that waits between one snapshot and the next.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            WaitTimeoutError: `timeout` expired; `.snapshot` is the snapshot as last seen.
            SnapshotNotFoundError: there is none, or it was deleted during the wait.
            ApiError: the credentials may not read it.
            TransportError: the certificate of the server is not trusted.
            ClientClosedError: the client is closed.
        """
        address = snapshot_address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *address, timeout=timeout, poll_interval=poll_interval, reject_failed=False
        )
        effects = self._watch(watch, address, progress=check_bool("progress", progress))
        changes = iterate_async(effects)
        try:
            async for snapshot in changes:
                yield snapshot
        finally:
            await changes.aclose()

    def _wait(
        self, watch: Operation[Snapshot], address: SnapshotAddress, *, progress: bool
    ) -> Effects[Snapshot]:
        with self._progress_bar(*address[:3], shown=progress) as show:
            return (yield from self._until_final(watch, show, self._execute_read))

    def _until_final(
        self,
        watch: Operation[Snapshot],
        show: Callable[[Snapshot], None],
        run: Callable[[Operation[Snapshot]], Effects[Snapshot]],
    ) -> Effects[Snapshot]:
        while True:
            snapshot = yield from run(watch)
            show(snapshot)
            if snapshot.is_final:
                return snapshot

    def _watch(
        self, watch: Operation[Snapshot], address: SnapshotAddress, *, progress: bool
    ) -> EffectIterator[Snapshot]:
        with self._progress_bar(*address[:3], shown=progress) as show:
            while True:
                snapshot = yield from self._execute_read(watch)
                show(snapshot)
                yield snapshot
                if snapshot.is_final:
                    return

    def _progress_bar(
        self, group_id: str, cluster_name: str, snapshot_id: str | None, *, shown: bool
    ) -> AbstractContextManager[Callable[[Snapshot], None]]:
        if not shown:
            return nullcontext(_ignore)
        from atlas_backups.progress import wait_bar  # noqa: PLC0415  # most waits show no progress

        return wait_bar(group_id, cluster_name, snapshot_id)


def _ignore(_snapshot: Snapshot) -> None:
    pass
