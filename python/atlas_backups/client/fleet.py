"""Taking snapshots of many clusters at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, TypeAlias, cast

from atlas_backups.client.arguments import flag
from atlas_backups.client.base import Base, warn_of_lost_tag
from atlas_backups.client.drive import iterate, iterate_async, put_behind
from atlas_backups.errors import (
    AtlasError,
    InvalidArgumentError,
    RequestTimeoutError,
    UnauthorizedError,
)
from atlas_backups.fleet import SnapshotOutcome, SnapshotRequest
from atlas_backups.models import IfBusy, Snapshot

if TYPE_CHECKING:
    from atlas_backups._core import Fleet
    from atlas_backups.client.credentials import CredentialSource
    from atlas_backups.client.drive import Iteration

End: TypeAlias = tuple[int, Snapshot | None, AtlasError | None]

_MOST_AT_ONCE = 1000


class FleetMethods(Base):
    """The methods that take many snapshots at once."""

    __slots__ = ()

    def take_snapshots(  # noqa: PLR0913  # how to take them, keyword-only
        self,
        requests: Iterable[SnapshotRequest],
        *,
        concurrency: int = 16,
        if_busy: IfBusy = "raise",
        wait: bool = False,
        wait_timeout: float = 3600.0,
        progress: bool = False,
    ) -> Iterator[SnapshotOutcome]:
        """Take one snapshot for each request, several at a time; one failure stops nobody else.

        Nothing is asked for before the iteration begins. Requests are drawn from their iterable
        as places get free, so it may be long. Ending the iteration early cuts off what is still
        running, whose outcome then is unknown: give keys, and it can be run again. The log warns
        of each of those; what ends the iteration from within (Ctrl-C, a cancelled task) has an
        `AmbiguousOutcomeError` for each in its chain of `__context__`.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            requests: what to take. If it raises, nothing more is drawn from it, what runs comes
                to its end, then an `InvalidArgumentError` with its exception as cause is raised.
            concurrency: how many takes run at a time, 1 to 1000.
            if_busy: as for `take_snapshot`.
            wait: whether an outcome comes only when its snapshot is completed.
            wait_timeout: seconds for all waiting of one request; finite and above 0.
            progress: whether to show how many are done: with `tqdm` in a terminal or a notebook,
                else one line on standard error for each.

        Returns:
            An iterator of outcomes, each as it ends. An outcome with an `error` may have a
            `snapshot` all the same: it was taken, but failed or was not completed in time.

        Raises:
            InvalidArgumentError: an option cannot be right; nothing was sent.
            ClientClosedError: the client was closed before.
            Exception: what a callable of the client's credentials raised; what ran had come to
                its end.
        """
        fleet = self._core.fleet(if_busy=if_busy, wait=wait, wait_timeout=wait_timeout)
        crew = _Crew(fleet, self._source)
        shown = crew.counting(requests, shown=flag("progress", progress))
        return iterate(crew.work(_iterator(requests), _places(concurrency), shown))

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
        """Call `take_snapshots` from asyncio."""
        fleet = self._core.fleet(if_busy=if_busy, wait=wait, wait_timeout=wait_timeout)
        crew = _Crew(fleet, self._source, in_loop=True)
        shown = crew.counting(requests, shown=flag("progress", progress))
        outcomes = iterate_async(crew.work(_iterator(requests), _places(concurrency), shown))
        try:
            async for outcome in outcomes:
                yield outcome
        except GeneratorExit:
            raise
        except BaseException as error:
            # Of a signal, unless the outcomes have ended by it.
            with suppress(StopAsyncIteration):
                await outcomes.athrow(error)
            raise
        finally:
            await outcomes.aclose()


class _Crew:
    """The takes that run, by number."""

    def __init__(self, fleet: Fleet, source: CredentialSource, *, in_loop: bool = False) -> None:
        self._fleet = fleet
        self._in_loop = in_loop
        self._source = source
        self._running: dict[int, tuple[SnapshotRequest, int]] = {}
        """With which credentials each began."""
        self._repeated: set[int] = set()
        """Those that were refused with others before, so that another refusal is final."""
        self._latest: int | None = None
        """That of the outcome which is given to the caller, until it has it."""
        self._drawn = 0
        self._is_open = True
        self._failure: Exception | None = None
        """Raised when the others are done."""
        self._lost_tag: str | None = None
        """The last notice of a lost tag; a warning may raise, so it waits for the end."""

    def counting(
        self, requests: Iterable[SnapshotRequest], *, shown: bool
    ) -> AbstractContextManager[Callable[[SnapshotOutcome], None]]:
        """Return what shows how many are done."""
        if not shown:
            return nullcontext(_not_shown)
        from atlas_backups.progress import fleet_bar  # noqa: PLC0415  # most fleets are not shown

        total = len(requests) if isinstance(requests, Sized) else None
        return fleet_bar(total, running=lambda: len(self._running))

    def work(
        self,
        requests: Iterator[SnapshotRequest],
        places: int,
        progress: AbstractContextManager[Callable[[SnapshotOutcome], None]],
    ) -> Iteration[SnapshotOutcome]:
        ends: list[End] = []
        self._join_loop()
        try:
            with progress as show:
                while self._is_open or self._running:
                    # Also between those that ended together, however long the caller looks at each.
                    while self._is_open and len(self._running) < places:
                        refused = self._draw(requests)
                        if refused is not None:
                            show(refused)
                            yield refused
                    if self._running and not ends:
                        arrival = self._fleet.next()
                        ends = list((yield arrival))
                        self._lost_tag = arrival.lost_tag or self._lost_tag
                    if ends:
                        outcome = self._ended(*ends.pop(0))
                        if outcome is not None:
                            show(outcome)
                            yield outcome
                            self._forget_latest()
        except BaseException as error:
            self._cut_off(error)
            raise
        if self._failure is not None:
            raise self._failure
        warn_of_lost_tag(self._lost_tag)

    def _join_loop(self) -> None:
        if self._in_loop:
            self._fleet.join_loop()

    def _draw(self, requests: Iterator[SnapshotRequest]) -> SnapshotOutcome | None:
        """Begin what is asked for next, if anything; return its outcome if it is refused here."""
        try:
            request = next(requests)
        except StopIteration:
            self._is_open = False
            return None
        except Exception as error:  # noqa: BLE001  # raised when the others are done
            self._stop(
                InvalidArgumentError(
                    f"requests raised {type(error).__name__} after {self._drawn} of them; "
                    "those were carried out"
                ),
                error,
            )
            return None
        self._drawn += 1
        return self._begin(self._drawn, request)

    def _begin(self, number: int, request: SnapshotRequest) -> SnapshotOutcome | None:
        """Begin a take, or one again that has ended; return its outcome if it is refused here."""
        if not isinstance(cast("object", request), SnapshotRequest):
            kind = type(request).__name__
            error = InvalidArgumentError(f"a request must be a SnapshotRequest, not {kind}")
            return SnapshotOutcome(request=request, error=error)
        try:
            generation = self._source.first()
            self._fleet.add(
                number,
                request.group_id,
                request.cluster_name,
                request.description,
                request.retention_in_days,
                request.idempotency_key,
            )
        except RequestTimeoutError as error:  # waiting for credentials, as each request would
            self._stop(error)
            return None
        except AtlasError as error:
            return SnapshotOutcome(request=request, error=error)
        except Exception as error:  # noqa: BLE001  # what the callable of the credentials raised
            self._stop(error)
            return None
        self._running[number] = request, generation
        return None

    def _ended(
        self, number: int, snapshot: Snapshot | None, error: AtlasError | None
    ) -> SnapshotOutcome | None:
        """Return the outcome of a take, unless it goes on with other credentials."""
        request, generation = self._running.pop(number)
        is_refused = isinstance(error, UnauthorizedError) and snapshot is None
        if is_refused and self._may_repeat(number, generation):
            # What Atlas refused was not acted on.
            return self._begin(number, request)
        self._latest = number
        return SnapshotOutcome(request=request, snapshot=snapshot, error=error)

    def _cut_off(self, end: BaseException) -> None:
        """End what still runs, and say behind the end what is unknown by that."""
        if isinstance(end, GeneratorExit):
            # Whoever closes the iteration has the outcome that it gave last.
            self._forget_latest()
        for doubt in self._fleet.cancel():
            put_behind(end, doubt)

    def _forget_latest(self) -> None:
        """Forget the take whose outcome the caller has."""
        if self._latest is not None:
            self._fleet.forget(self._latest)
            self._latest = None

    def _may_repeat(self, number: int, refused: int) -> bool:
        if number in self._repeated or self._failure:
            return False
        self._repeated.add(number)
        try:
            return self._source.has_other(refused)
        except Exception as error:  # noqa: BLE001  # the same
            self._stop(error)
            return False

    def _stop(self, failure: Exception, cause: Exception | None = None) -> None:
        """Draw nothing more; what runs comes to its end, then the failure is raised."""
        if cause is not None:
            failure.__cause__ = cause
        self._is_open, self._failure = False, failure


def _not_shown(_outcome: SnapshotOutcome) -> None:
    pass


def _iterator(requests: Iterable[SnapshotRequest]) -> Iterator[SnapshotRequest]:
    try:
        return iter(requests)
    except TypeError:
        kind = type(requests).__name__
        raise InvalidArgumentError(
            f"requests must be an iterable of SnapshotRequest, not {kind}"
        ) from None


def _places(concurrency: int) -> int:
    wanted = f"concurrency must be an int from 1 to {_MOST_AT_ONCE}"
    if not isinstance(cast("object", concurrency), int) or isinstance(concurrency, bool):
        raise InvalidArgumentError(f"{wanted}, not {type(concurrency).__name__}")
    if not 1 <= concurrency <= _MOST_AT_ONCE:
        raise InvalidArgumentError(wanted)
    return concurrency
