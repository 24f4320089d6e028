"""Waiting for a snapshot."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from atlas_backups.client.arguments import Address, address, flag
from atlas_backups.client.base import Base
from atlas_backups.client.drive import drive, drive_async, iterate, iterate_async
from atlas_backups.models import Snapshot

if TYPE_CHECKING:
    from atlas_backups._core import Operation
    from atlas_backups.client.drive import Iteration, Steps


class WaitMethods(Base):
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

        Outages are waited through. Nothing is ever deleted or taken: after a `WaitTimeoutError`
        the snapshot goes on, and may be waited for again.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project; or a `Snapshot`, and no cluster and id.
            cluster_name: name of the cluster.
            snapshot_id: id of the snapshot, 24 hexadecimal digits in lower case.
            timeout: seconds to wait at most; finite and above 0.
            poll_interval: seconds between two looks; finite and above 0. `None`: it grows from
                1 to 30.
            progress: whether to show how it goes on: with `tqdm` in a terminal or a notebook,
                else one line on standard error for each change.

        Returns:
            The snapshot, its status `"completed"`.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            SnapshotFailedError: Atlas failed to take it: there is no backup.
            DuplicateSnapshotsError: it is completed, but others carry the tag of its key too.
            WaitTimeoutError: `timeout` is over; `.snapshot` is what was last seen.
            SnapshotNotFoundError: there is none, or it was deleted meanwhile.
            ApiError: the credentials may not look.
            TransportError: the server's certificate cannot be trusted.
            ClientClosedError: the client was closed before.
        """
        found = address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *found, timeout=timeout, poll_interval=poll_interval, refuse_failed=True
        )
        return drive(self._wait(watch, found, progress=flag("progress", progress)))

    async def wait_for_snapshot_async(  # noqa: PLR0913  # the same
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        timeout: float = 3600.0,  # the same as without asyncio
        poll_interval: float | None = None,
        progress: bool = False,
    ) -> Snapshot:
        """Call `wait_for_snapshot` from asyncio."""
        found = address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *found, timeout=timeout, poll_interval=poll_interval, refuse_failed=True
        )
        steps = self._wait(watch, found, progress=flag("progress", progress))
        return await drive_async(steps)

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
        """Iterate over a snapshot's life: as it is now, then at every change, to its end.

        The last one is final: look whether its status is `"completed"` or `"failed"`. Arguments
        and errors are those of `wait_for_snapshot`, but that a failed snapshot and duplicates are
        not raised.

        Returns:
            An iterator that waits between one snapshot and the next.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
        """
        found = address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *found, timeout=timeout, poll_interval=poll_interval, refuse_failed=False
        )
        return iterate(self._watch(watch, found, progress=flag("progress", progress)))

    async def watch_snapshot_async(  # noqa: PLR0913  # the same
        self,
        group_id: str | Snapshot,
        cluster_name: str | None = None,
        snapshot_id: str | Snapshot | None = None,
        *,
        timeout: float = 3600.0,  # the same as without asyncio
        poll_interval: float | None = None,
        progress: bool = False,
    ) -> AsyncGenerator[Snapshot, None]:
        """Call `watch_snapshot` from asyncio."""
        found = address(group_id, cluster_name, snapshot_id)
        watch = self._core.watch_snapshot(
            *found, timeout=timeout, poll_interval=poll_interval, refuse_failed=False
        )
        steps = self._watch(watch, found, progress=flag("progress", progress))
        changes = iterate_async(steps)
        try:
            async for snapshot in changes:
                yield snapshot
        finally:
            await changes.aclose()

    def _wait(
        self, watch: Operation[Snapshot], found: Address, *, progress: bool
    ) -> Steps[Snapshot]:
        with self._progress_bar(*found[:3], shown=progress) as show:
            return (yield from self._until_final(watch, show, self._read))

    def _until_final(
        self,
        watch: Operation[Snapshot],
        show: Callable[[Snapshot], None],
        run: Callable[[Operation[Snapshot]], Steps[Snapshot]],
    ) -> Steps[Snapshot]:
        while True:
            snapshot = yield from run(watch)
            show(snapshot)
            if snapshot.is_final:
                return snapshot

    def _watch(
        self, watch: Operation[Snapshot], found: Address, *, progress: bool
    ) -> Iteration[Snapshot]:
        with self._progress_bar(*found[:3], shown=progress) as show:
            while True:
                snapshot = yield from self._read(watch)
                show(snapshot)
                yield snapshot
                if snapshot.is_final:
                    return

    def _progress_bar(
        self, group_id: str, cluster_name: str, snapshot_id: str | None, *, shown: bool
    ) -> AbstractContextManager[Callable[[Snapshot], None]]:
        if not shown:
            return nullcontext(_not_shown)
        from atlas_backups.progress import wait_bar  # noqa: PLC0415  # most waits show no progress

        return wait_bar(group_id, cluster_name, snapshot_id)


def _not_shown(_snapshot: Snapshot) -> None:
    pass
