"""`take_snapshots`: many takes at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TypeAlias, cast

from atlas_backups._core import Fleet
from atlas_backups.client.base import BaseClient, check_bool, warn_of_lost_tag
from atlas_backups.client.credentials import CredentialSource
from atlas_backups.client.sansio import EffectIterator, chain_context, iterate, iterate_async
from atlas_backups.errors import (
    AtlasError,
    InvalidArgumentError,
    RequestTimeoutError,
    UnauthorizedError,
)
from atlas_backups.fleet import SnapshotOutcome, SnapshotRequest
from atlas_backups.models import IfBusy, Snapshot

CompletedTake: TypeAlias = tuple[int, Snapshot | None, AtlasError | None]
"""Its number, and how it ended."""

_MAX_CONCURRENCY = 1000


class FleetMethods(BaseClient):
    """The methods that take many snapshots at once."""

    __slots__ = ()

    def take_snapshots(  # noqa: PLR0913  # the options, keyword-only
        self,
        requests: Iterable[SnapshotRequest],
        *,
        concurrency: int = 16,
        if_busy: IfBusy = "raise",
        wait: bool = False,
        wait_timeout: float = 3600.0,
        progress: bool = False,
    ) -> Iterator[SnapshotOutcome]:
        """Take one snapshot for each request, several at a time; a failure does not stop the rest.

        Nothing is sent before the iteration starts. Requests are pulled lazily as slots free up.
        Ending the iteration early cancels the takes in flight, whose outcome is then unknown: pass
        keys, and run it again. A log warning names each of them, and the exception that interrupts
        the iteration (Ctrl-C, a cancelled task) has an `AmbiguousOutcomeError` for each in its
        chain of `__context__`.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            requests: what to take. If the iterable raises, the takes in flight are completed, then
                an `InvalidArgumentError` with its exception as cause is raised.
            concurrency: the maximum number of takes in flight, 1 to 1000.
            if_busy: as for `take_snapshot`.
            wait: whether an outcome is yielded only when its snapshot is completed.
            wait_timeout: seconds for all waiting of one request; finite and above 0.
            progress: whether to show how many are done: with `tqdm` in a terminal or a notebook,
                otherwise with one line on standard error for each.

        Returns:
            An iterator of outcomes in completion order. One with an `error` may also have a
            `snapshot`: it was taken, but failed or was not completed in time.

        Raises:
            InvalidArgumentError: an option is invalid; nothing was sent.
            ClientClosedError: the client is closed.
            Exception: raised by the credentials callable, after the takes in flight are completed.
        """
        fleet = self._core.fleet(if_busy=if_busy, wait=wait, wait_timeout=wait_timeout)
        runner = _FleetRunner(fleet, self._source)
        bar = runner.progress_bar(requests, shown=check_bool("progress", progress))
        return iterate(runner.run(_iterator(requests), _validate_concurrency(concurrency), bar))

    async def take_snapshots_async(  # noqa: PLR0913  # the same
        self,
        requests: Iterable[SnapshotRequest],
        *,
        concurrency: int = 16,
        if_busy: IfBusy = "raise",
        wait: bool = False,
        wait_timeout: float = 3600.0,
        progress: bool = False,
    ) -> AsyncGenerator[SnapshotOutcome, None]:
        """Take one snapshot for each request, several at a time; a failure does not stop the rest.

        Nothing is sent before the iteration starts. Requests are pulled lazily as slots free up.
        Ending the iteration early cancels the takes in flight, whose outcome is then unknown: pass
        keys, and run it again. A log warning names each of them, and the exception that interrupts
        the iteration (Ctrl-C, a cancelled task) has an `AmbiguousOutcomeError` for each in its
        chain of `__context__`.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            requests: what to take. If the iterable raises, the takes in flight are completed, then
                an `InvalidArgumentError` with its exception as cause is raised.
            concurrency: the maximum number of takes in flight, 1 to 1000.
            if_busy: as for `take_snapshot`.
            wait: whether an outcome is yielded only when its snapshot is completed.
            wait_timeout: seconds for all waiting of one request; finite and above 0.
            progress: whether to show how many are done: with `tqdm` in a terminal or a notebook,
                otherwise with one line on standard error for each.

        Returns:
            An async iterator of outcomes in completion order. One with an `error` may also have a
            `snapshot`: it was taken, but failed or was not completed in time.

        Raises:
            InvalidArgumentError: an option is invalid; nothing was sent.
            ClientClosedError: the client is closed.
            Exception: raised by the credentials callable, after the takes in flight are completed.
        """
        fleet = self._core.fleet(if_busy=if_busy, wait=wait, wait_timeout=wait_timeout)
        runner = _FleetRunner(fleet, self._source, in_loop=True)
        bar = runner.progress_bar(requests, shown=check_bool("progress", progress))
        effects = runner.run(_iterator(requests), _validate_concurrency(concurrency), bar)
        outcomes = iterate_async(effects)
        try:
            async for outcome in outcomes:
                yield outcome
        except GeneratorExit:
            raise
        except BaseException as error:
            # Raised by a signal handler, unless it ended the outcomes.
            with suppress(StopAsyncIteration):
                await outcomes.athrow(error)
            raise
        finally:
            await outcomes.aclose()


class _FleetRunner:
    """The state of one `take_snapshots`: the takes in flight, by number."""

    def __init__(self, fleet: Fleet, source: CredentialSource, *, in_loop: bool = False) -> None:
        self._fleet = fleet
        self._in_loop = in_loop
        self._source = source
        self._running: dict[int, tuple[SnapshotRequest, int]] = {}
        """The request, and the generation of its credentials."""
        self._repeated: set[int] = set()
        """Rejected once and repeated with new credentials; another rejection is final."""
        self._yielded: int | None = None
        """The take whose outcome is being yielded; the caller may not have received it."""
        self._count = 0
        self._has_more = True
        self._failure: Exception | None = None
        """Raised when the takes in flight are completed."""
        self._lost_tag: str | None = None
        """Warned of at the end, because a warning may raise."""

    def progress_bar(
        self, requests: Iterable[SnapshotRequest], *, shown: bool
    ) -> AbstractContextManager[Callable[[SnapshotOutcome], None]]:
        if not shown:
            return nullcontext(_ignore)
        from atlas_backups.progress import fleet_bar  # noqa: PLC0415  # most fleets are not shown

        total = len(requests) if isinstance(requests, Sized) else None
        return fleet_bar(total, running=lambda: len(self._running))

    def run(
        self,
        requests: Iterator[SnapshotRequest],
        concurrency: int,
        progress: AbstractContextManager[Callable[[SnapshotOutcome], None]],
    ) -> EffectIterator[SnapshotOutcome]:
        completed: list[CompletedTake] = []
        if self._in_loop:
            self._fleet.join_loop()
        try:
            with progress as show:
                while self._has_more or self._running:
                    # Also between takes that completed together: the caller may be slow.
                    while self._has_more and len(self._running) < concurrency:
                        rejected = self._submit_next(requests)
                        if rejected is not None:
                            show(rejected)
                            yield rejected
                    if self._running and not completed:
                        operation = self._fleet.next()
                        completed = list((yield operation))
                        self._lost_tag = operation.lost_tag or self._lost_tag
                    if completed:
                        outcome = self._complete(*completed.pop(0))
                        if outcome is not None:
                            show(outcome)
                            yield outcome
                            self._forget_yielded()
        except BaseException as error:
            self._cancel_running(error)
            raise
        if self._failure is not None:
            raise self._failure
        warn_of_lost_tag(self._lost_tag)

    def _submit_next(self, requests: Iterator[SnapshotRequest]) -> SnapshotOutcome | None:
        """Start the next take, if any; return its outcome if it is rejected before it is sent."""
        try:
            request = next(requests)
        except StopIteration:
            self._has_more = False
            return None
        except Exception as error:  # noqa: BLE001  # the cause of what is raised at the end
            failure = InvalidArgumentError(
                f"requests raised {type(error).__name__} after {self._count} of them; "
                "those were carried out"
            )
            failure.__cause__ = error
            self._stop(failure)
            return None
        self._count += 1
        return self._submit(self._count, request)

    def _submit(self, number: int, request: SnapshotRequest) -> SnapshotOutcome | None:
        """Start or repeat a take; return its outcome if it is rejected before it is sent."""
        if not isinstance(cast("object", request), SnapshotRequest):
            kind = type(request).__name__
            error = InvalidArgumentError(f"a request must be a SnapshotRequest, not {kind}")
            return SnapshotOutcome(request=request, error=error)
        try:
            generation = self._source.ensure()
            self._fleet.add(
                number,
                request.group_id,
                request.cluster_name,
                request.description,
                request.retention_in_days,
                request.idempotency_key,
            )
        except RequestTimeoutError as error:  # no credentials in time, for any request
            self._stop(error)
            return None
        except AtlasError as error:
            return SnapshotOutcome(request=request, error=error)
        except Exception as error:  # noqa: BLE001  # of the credentials callable
            self._stop(error)
            return None
        self._running[number] = request, generation
        return None

    def _complete(
        self, number: int, snapshot: Snapshot | None, error: AtlasError | None
    ) -> SnapshotOutcome | None:
        """Return the outcome of a take; `None` if it is repeated with new credentials."""
        request, generation = self._running.pop(number)
        is_rejected = isinstance(error, UnauthorizedError) and snapshot is None
        if is_rejected and self._may_repeat(number, generation):
            # Atlas did not process a request that it rejected.
            return self._submit(number, request)
        self._yielded = number
        return SnapshotOutcome(request=request, snapshot=snapshot, error=error)

    def _cancel_running(self, error: BaseException) -> None:
        """Cancel the takes in flight; their ambiguous outcomes become the context of the error."""
        if isinstance(error, GeneratorExit):
            # Whoever closes the iteration has received the last outcome.
            self._forget_yielded()
        for pending in self._fleet.cancel():
            chain_context(error, pending)

    def _forget_yielded(self) -> None:
        """Forget the take whose outcome the caller has received."""
        if self._yielded is not None:
            self._fleet.forget(self._yielded)
            self._yielded = None

    def _may_repeat(self, number: int, rejected: int) -> bool:
        if number in self._repeated or self._failure:
            return False
        self._repeated.add(number)
        try:
            return self._source.refresh_after(rejected)
        except Exception as error:  # noqa: BLE001  # of the credentials callable
            self._stop(error)
            return False

    def _stop(self, failure: Exception) -> None:
        """Submit no more; the failure is raised when the takes in flight are completed."""
        self._has_more, self._failure = False, failure


def _ignore(_outcome: SnapshotOutcome) -> None:
    pass


def _iterator(requests: Iterable[SnapshotRequest]) -> Iterator[SnapshotRequest]:
    try:
        return iter(requests)
    except TypeError:
        kind = type(requests).__name__
        raise InvalidArgumentError(
            f"requests must be an iterable of SnapshotRequest, not {kind}"
        ) from None


def _validate_concurrency(concurrency: int) -> int:
    expected = f"concurrency must be an int from 1 to {_MAX_CONCURRENCY}"
    if not isinstance(cast("object", concurrency), int) or isinstance(concurrency, bool):
        raise InvalidArgumentError(f"{expected}, not {type(concurrency).__name__}")
    if not 1 <= concurrency <= _MAX_CONCURRENCY:
        raise InvalidArgumentError(expected)
    return concurrency
