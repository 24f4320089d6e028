"""`take_snapshot` and `take_snapshot_raw`."""

from __future__ import annotations

from dataclasses import replace

from atlas_backups.client.base import check_bool, snapshot_address, warn_of_lost_tag
from atlas_backups.client.sansio import Effects, chain_context, run_async, run_sync
from atlas_backups.client.wait import WaitMethods
from atlas_backups.errors import (
    ClientClosedError,
    DuplicateSnapshotsError,
    SnapshotFailedError,
    WaitTimeoutError,
)
from atlas_backups.models import IfBusy, RawResponse, Snapshot

_MIN_WAIT_SECONDS = 0.001  # when nothing is left of `wait_timeout`: one poll


class TakeMethods(WaitMethods):
    """The methods that take one snapshot."""

    __slots__ = ()

    def take_snapshot(  # noqa: PLR0913  # the parameters of the API, keyword-only
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

        Atlas takes it in the background: the snapshot returned is `"queued"`, unless you `wait`.
        The request is sent again only if Atlas certainly did not process it. Pass an
        `idempotency_key` if you may retry or be killed during the call.

        If the call is interrupted (Ctrl-C, a cancelled task, a signal handler that raises) before
        its outcome is known, the exception has an `AmbiguousOutcomeError` as its `__context__`;
        its candidate is the snapshot if that was known. If the wait for the new snapshot is
        interrupted, the context is a `WaitTimeoutError` with the `.snapshot`.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to store with the snapshot, without control characters; `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: the default of Atlas.
            idempotency_key: 1 to 1024 characters. Calls with the same key return the same snapshot
                of this cluster, from any process; a tag before the description carries the key. A
                failed, deleted or expired snapshot frees its key. If Atlas does not store the tag,
                a `RuntimeWarning` says so. `None`: every call takes another snapshot.
            if_busy: what to do while another on-demand snapshot of the cluster is in progress:
                `"raise"`, `"wait"` for it and then take one, or `"join"`: return that one.
            wait: whether to return only when the snapshot is completed.
            wait_timeout: seconds for all waiting of this call, for the other snapshot and for the
                new one; finite and above 0. `total_timeout` bounds the rest of the call.
            progress: whether to show a progress bar for the wait, as `wait_for_snapshot` does.
            envelope: whether Atlas wraps its response in an envelope; the result is the same.
            pretty: whether Atlas indents its response; the result is the same.

        Returns:
            A `ReplicaSetSnapshot` or a `ShardedClusterSnapshot`; a plain `Snapshot` for a type
            that this version does not know. `is_new` says whether this call took it.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotInProgressError: another snapshot is in progress: the error's `.snapshot`.
            AmbiguousOutcomeError: the snapshot may or may not have been taken; `.cause` says why
                that is unknown. Nothing was sent again. With a key: call again.
            DuplicateSnapshotsError: more than one snapshot has the tag of the key.
            SnapshotFailedError: the call waited, and Atlas failed to take the snapshot.
            WaitTimeoutError: `wait_timeout` expired; the snapshot is still in progress.
            ApiError: Atlas rejected the request; the class says why. No snapshot was taken, unless
                the context is a `WaitTimeoutError`.
            TransportError: Atlas was not reached; likewise.
            RequestTimeoutError: the timeout expired before the request was sent.
            ClientClosedError: the client is closed; likewise, and the message has the id.
        """
        return run_sync(
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
        """Take one on-demand snapshot of a cluster.

        Atlas takes it in the background: the snapshot returned is `"queued"`, unless you `wait`.
        The request is sent again only if Atlas certainly did not process it. Pass an
        `idempotency_key` if you may retry or be killed during the call.

        If the call is interrupted (Ctrl-C, a cancelled task, a signal handler that raises) before
        its outcome is known, the exception has an `AmbiguousOutcomeError` as its `__context__`;
        its candidate is the snapshot if that was known. If the wait for the new snapshot is
        interrupted, the context is a `WaitTimeoutError` with the `.snapshot`.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to store with the snapshot, without control characters; `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: the default of Atlas.
            idempotency_key: 1 to 1024 characters. Calls with the same key return the same snapshot
                of this cluster, from any process; a tag before the description carries the key. A
                failed, deleted or expired snapshot frees its key. If Atlas does not store the tag,
                a `RuntimeWarning` says so. `None`: every call takes another snapshot.
            if_busy: what to do while another on-demand snapshot of the cluster is in progress:
                `"raise"`, `"wait"` for it and then take one, or `"join"`: return that one.
            wait: whether to return only when the snapshot is completed.
            wait_timeout: seconds for all waiting of this call, for the other snapshot and for the
                new one; finite and above 0. `total_timeout` bounds the rest of the call.
            progress: whether to show a progress bar for the wait, as `wait_for_snapshot` does.
            envelope: whether Atlas wraps its response in an envelope; the result is the same.
            pretty: whether Atlas indents its response; the result is the same.

        Returns:
            A `ReplicaSetSnapshot` or a `ShardedClusterSnapshot`; a plain `Snapshot` for a type
            that this version does not know. `is_new` says whether this call took it.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            SnapshotInProgressError: another snapshot is in progress: the error's `.snapshot`.
            AmbiguousOutcomeError: the snapshot may or may not have been taken; `.cause` says why
                that is unknown. Nothing was sent again. With a key: call again.
            DuplicateSnapshotsError: more than one snapshot has the tag of the key.
            SnapshotFailedError: the call waited, and Atlas failed to take the snapshot.
            WaitTimeoutError: `wait_timeout` expired; the snapshot is still in progress.
            ApiError: Atlas rejected the request; the class says why. No snapshot was taken, unless
                the context is a `WaitTimeoutError`.
            TransportError: Atlas was not reached; likewise.
            RequestTimeoutError: the timeout expired before the request was sent.
            ClientClosedError: the client is closed; likewise, and the message has the id.
        """
        return await run_async(
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
        """Take one on-demand snapshot and return the response of Atlas unchanged.

        Authentication is that of `take_snapshot`; the rest is up to you: a response of any status
        is returned, none is raised or waited for.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to store with the snapshot, without control characters; `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: the default of Atlas.
            envelope: whether Atlas wraps its response in an envelope.
            pretty: whether Atlas indents its response.

        Returns:
            HTTP status and headers, and the body as text.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            AmbiguousOutcomeError: no complete response arrived; the snapshot may have been taken.
            ApiError: the token endpoint rejected the service account. No snapshot was taken.
            TransportError: Atlas was not reached. No snapshot was taken.
            RequestTimeoutError: the timeout expired before the request was sent.
            ClientClosedError: the client is closed.
        """
        return run_sync(
            self._execute(
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
        """Take one on-demand snapshot and return the response of Atlas unchanged.

        Authentication is that of `take_snapshot`; the rest is up to you: a response of any status
        is returned, none is raised or waited for.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to store with the snapshot, without control characters; `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: the default of Atlas.
            envelope: whether Atlas wraps its response in an envelope.
            pretty: whether Atlas indents its response.

        Returns:
            HTTP status and headers, and the body as text.

        Raises:
            InvalidArgumentError: an argument is invalid; nothing was sent.
            AmbiguousOutcomeError: no complete response arrived; the snapshot may have been taken.
            ApiError: the token endpoint rejected the service account. No snapshot was taken.
            TransportError: Atlas was not reached. No snapshot was taken.
            RequestTimeoutError: the timeout expired before the request was sent.
            ClientClosedError: the client is closed.
        """
        return await run_async(
            self._execute(
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

    def _take(  # noqa: PLR0913, PLR0917  # the same; positional, because eleven names are slow to match
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
    ) -> Effects[Snapshot]:
        is_waited_for, shown = check_bool("wait", wait), check_bool("progress", progress)
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
            snapshot = yield from self._execute(operation)
            warn_of_lost_tag(operation.lost_tag)
            return snapshot
        taken: Snapshot | None = None
        try:
            with self._progress_bar(group_id, cluster_name, None, shown=shown) as show:
                taken = yield from self._execute(operation)
                warn_of_lost_tag(operation.lost_tag)
                show(taken)
                left = max(wait_timeout - operation.time_waited, _MIN_WAIT_SECONDS)
                # An operation of its own, which can be repeated with new credentials.
                watch = self._core.watch_snapshot(
                    *snapshot_address(taken, None, None),
                    timeout=left,
                    poll_interval=None,
                    reject_failed=True,
                )
                # A take that succeeded does not warn: a filter may make a warning an error.
                completed = yield from self._until_final(watch, show, self._execute)
        except BaseException as error:
            if taken is not None:
                _add_taken(error, taken)
            raise
        return replace(completed, is_new=taken.is_new)


def _add_taken(error: BaseException, taken: Snapshot) -> None:
    """Attach the snapshot that was taken to the error that ended the wait for it."""
    if isinstance(error, DuplicateSnapshotsError):
        return
    if isinstance(error, SnapshotFailedError | WaitTimeoutError):
        error.snapshot = replace(error.snapshot or taken, is_new=taken.is_new)
        return
    text = f"snapshot {taken.id} is in progress: wait for it instead of taking another"
    if isinstance(error, ClientClosedError):
        error.args = (f"{error}; {text}",)
    chain_context(error, WaitTimeoutError(text, snapshot=taken))
