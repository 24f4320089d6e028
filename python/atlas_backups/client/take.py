"""Taking one snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from atlas_backups.client.arguments import address, flag
from atlas_backups.client.base import warn_of_lost_tag
from atlas_backups.client.drive import drive, drive_async, put_behind
from atlas_backups.client.wait import WaitMethods
from atlas_backups.errors import (
    ClientClosedError,
    DuplicateSnapshotsError,
    SnapshotFailedError,
    WaitTimeoutError,
)
from atlas_backups.models import IfBusy, RawResponse, Snapshot

if TYPE_CHECKING:
    from atlas_backups.client.drive import Steps

_LEAST_SECONDS = 0.001  # of a wait that has nothing left: one look


class TakeMethods(WaitMethods):
    """The methods that take one snapshot."""

    __slots__ = ()

    def take_snapshot(  # noqa: PLR0913  # the arguments of the API, keyword-only
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        idempotency_key: str | None = None,
        if_busy: IfBusy = "raise",
        wait: bool = False,
        wait_timeout: float = 3600.0,
        progress: bool = False,
        envelope: bool = False,
        pretty: bool = False,
    ) -> Snapshot:
        """Take one on-demand snapshot of a cluster.

        Atlas takes it in the background: what comes back is `"queued"`, unless you `wait`. The
        request is sent again only when it certainly was not acted on. Whoever calls again after a
        failure, or may be killed in between, gives an `idempotency_key`.

        If the call is cut off (Ctrl-C, a cancelled task, a handler of a signal that raises) before
        its outcome is known and returned, the exception has an `AmbiguousOutcomeError` as its
        `__context__`, whose candidate is the snapshot if it was known by then. When its wait for
        the new snapshot ends in any other way than its own errors, the context is a
        `WaitTimeoutError` with that `.snapshot`.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 hexadecimal digits in lower case.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to keep with the snapshot, without control characters. `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: what Atlas chooses.
            idempotency_key: 1 to 1024 characters. The same key gives the same snapshot of this
                cluster, however often and in whatever process the call is made; it travels as a
                tag before the description. A failed, deleted or expired snapshot frees its key.
                Should Atlas not keep the tag, a `RuntimeWarning` says so.
                `None`: every call takes another snapshot.
            if_busy: what to do while another on-demand snapshot of the cluster is unfinished:
                `"raise"`, `"wait"` for it and take one then, or `"join"`: return that one.
            wait: whether to return only when the snapshot is completed.
            wait_timeout: seconds for all waiting of this call, for the other snapshot and for the
                new one; finite and above 0. `total_timeout` bounds the rest of the call.
            progress: with `wait`, whether to show the request and the wait, as `wait_for_snapshot`
                does.
            envelope: have Atlas wrap its answer together with the status; the result is the same.
            pretty: have Atlas indent its answer; the result is the same.

        Returns:
            A `ReplicaSetSnapshot` or a `ShardedClusterSnapshot`; a plain `Snapshot` for a type
            that this version does not know. `is_new` says whether this call took it.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            SnapshotInProgressError: another one is unfinished; it is the error's `.snapshot`.
            AmbiguousOutcomeError: the snapshot may have been taken or not; `.cause` says why that
                is not known. Nothing was sent again. With a key: call again.
            DuplicateSnapshotsError: more than one snapshot carries the tag of the key.
            SnapshotFailedError: waited for, and Atlas failed to take it.
            WaitTimeoutError: `wait_timeout` is over; the snapshot goes on.
            ApiError: Atlas refused; its class says why. No snapshot was taken, unless the
                context is a `WaitTimeoutError`.
            TransportError: Atlas could not be reached; the same.
            RequestTimeoutError: the time was over before the request was sent.
            ClientClosedError: the client was closed; the same, and the message has the id.
        """
        return drive(
            self._take(
                group_id,
                cluster_name,
                description,
                retention_in_days,
                idempotency_key,
                if_busy,
                wait,
                wait_timeout,
                progress,
                envelope,
                pretty,
            )
        )

    async def take_snapshot_async(  # noqa: PLR0913  # the same
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        idempotency_key: str | None = None,
        if_busy: IfBusy = "raise",
        wait: bool = False,
        wait_timeout: float = 3600.0,
        progress: bool = False,
        envelope: bool = False,
        pretty: bool = False,
    ) -> Snapshot:
        """Call `take_snapshot` from asyncio."""
        return await drive_async(
            self._take(
                group_id,
                cluster_name,
                description,
                retention_in_days,
                idempotency_key,
                if_busy,
                wait,
                wait_timeout,
                progress,
                envelope,
                pretty,
            )
        )

    def take_snapshot_raw(  # noqa: PLR0913  # the same
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        envelope: bool = False,
        pretty: bool = False,
    ) -> RawResponse:
        """Take one on-demand snapshot, and get Atlas' answer as it came.

        Authentication is done as for `take_snapshot`, everything else is left to you: an answer
        of any status is returned, none is raised, none is waited for.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 hexadecimal digits in lower case.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to keep with the snapshot, without control characters. `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: what Atlas chooses.
            envelope: have Atlas wrap its answer together with the status.
            pretty: have Atlas indent its answer.

        Returns:
            Status and headers of HTTP, and the body as text.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            AmbiguousOutcomeError: no whole answer came, but the snapshot may have been taken.
            ApiError: the token endpoint refused the service account. No snapshot was taken.
            TransportError: Atlas could not be reached. No snapshot was taken.
            RequestTimeoutError: the time was over before the request was sent.
            ClientClosedError: the client was closed before.
        """
        return drive(
            self._write(
                self._core.take_snapshot_raw(
                    group_id,
                    cluster_name,
                    description=description,
                    retention_in_days=retention_in_days,
                    envelope=envelope,
                    pretty=pretty,
                )
            )
        )

    async def take_snapshot_raw_async(  # noqa: PLR0913  # the same
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        envelope: bool = False,
        pretty: bool = False,
    ) -> RawResponse:
        """Call `take_snapshot_raw` from asyncio."""
        return await drive_async(
            self._write(
                self._core.take_snapshot_raw(
                    group_id,
                    cluster_name,
                    description=description,
                    retention_in_days=retention_in_days,
                    envelope=envelope,
                    pretty=pretty,
                )
            )
        )

    def _take(  # noqa: PLR0913, PLR0917  # the same; by position, for ten names take long to match
        self,
        group_id: str,
        cluster_name: str,
        description: str | None,
        retention_in_days: int | None,
        idempotency_key: str | None,
        if_busy: IfBusy,
        wait: bool,
        wait_timeout: float,
        progress: bool,
        envelope: bool,
        pretty: bool,
        /,
    ) -> Steps[Snapshot]:
        is_waited_for, is_shown = flag("wait", wait), flag("progress", progress)
        operation = self._core.take_snapshot(
            group_id,
            cluster_name,
            description,
            retention_in_days,
            idempotency_key,
            if_busy,
            wait_timeout,
            envelope,
            pretty,
        )
        if not is_waited_for:
            snapshot = yield from self._write(operation)
            warn_of_lost_tag(operation.lost_tag)
            return snapshot
        taken: Snapshot | None = None
        try:
            with self._progress_bar(group_id, cluster_name, None, shown=is_shown) as show:
                taken = yield from self._write(operation)
                warn_of_lost_tag(operation.lost_tag)
                show(taken)
                left = max(wait_timeout - operation.waited, _LEAST_SECONDS)
                # An operation of its own, which new credentials may start again.
                watch = self._core.watch_snapshot(
                    *address(taken, None, None),
                    timeout=left,
                    poll_interval=None,
                    refuse_failed=True,
                )
                # A take that succeeded does not warn: a warning may be turned into an error.
                completed = yield from self._until_final(watch, show, self._write)
        except BaseException as error:
            if taken is not None:
                _add_taken(error, taken)
            raise
        return replace(completed, is_new=taken.is_new)


def _add_taken(error: BaseException, taken: Snapshot) -> None:
    """Attach the snapshot that was taken to what ended the wait for it."""
    if isinstance(error, DuplicateSnapshotsError):
        return
    if isinstance(error, SnapshotFailedError | WaitTimeoutError):
        error.snapshot = replace(error.snapshot or taken, is_new=taken.is_new)
        return
    text = f"snapshot {taken.id} was taken and goes on: wait for it again, take no other"
    if isinstance(error, ClientClosedError):
        error.args = (f"{error}; {text}",)
    put_behind(error, WaitTimeoutError(text, snapshot=taken))
