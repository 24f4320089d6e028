"""An interrupted call has the ambiguous outcome as the context of its exception."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from atlas_backups import (
    AccessToken,
    AmbiguousOutcomeError,
    ApiKey,
    ServiceAccount,
    WaitTimeoutError,
)
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, READ, RESET, always, answer
from tests.tags import tag_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from atlas_backups import AtlasBackups
    from tests.conftest import Serve
    from tests.raw_server import RawServer, Script

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")

TAG = tag_of("k")
EMPTY = answer(200, {"results": [], "totalCount": 0})
BUSY = answer(400, error(400, "UNFINISHED_ON_DEMAND_SNAPSHOT"))
RUNNING = answer(200, {"results": [queued()], "totalCount": 1})
TAKEN = answer(200, queued(description=f"{TAG} "))
CHALLENGE = {"WWW-Authenticate": 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'}


class Stop(Exception):  # noqa: N818  # what a task runner's handler raises
    """Raised by a handler of a signal."""


@contextmanager
def cut_off(server: RawServer, requests: int, sent: signal.Signals) -> Generator[None]:
    """Send this process a signal when the server has so many requests."""

    def act() -> None:
        server.wait_for_requests(requests)
        os.kill(os.getpid(), sent)

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.fixture
def stop_on_usr1() -> Iterator[None]:
    def stop(*_: object) -> NoReturn:
        raise Stop

    before = signal.signal(signal.SIGUSR1, stop)
    yield
    signal.signal(signal.SIGUSR1, before)


POSTING: Script = [READ, NEVER]
LOOKING_AGAIN: Script = [READ, EMPTY, READ, EMPTY, READ, RESET]
CHECKING: Script = [READ, EMPTY, READ, EMPTY, READ, TAKEN, READ, NEVER]
# What the server does, how many requests it has when the call is cut off, options of the take.
IN_DOUBT: dict[str, tuple[Script, int, dict[str, Any]]] = {
    "the POST": (POSTING, 1, {}),
    "the POST of a key": ([READ, EMPTY, READ, EMPTY, *POSTING], 3, {"idempotency_key": "k"}),
    "the pause before a poll": (LOOKING_AGAIN, 3, {"idempotency_key": "k"}),
    "the final check of a key": (CHECKING, 4, {"idempotency_key": "k"}),
}
in_doubt = pytest.mark.parametrize(
    ("script", "requests", "options"), IN_DOUBT.values(), ids=IN_DOUBT.keys()
)
NOTHING_SENT: dict[str, tuple[Script, int, Any, dict[str, Any]]] = {
    "the token": (POSTING, 1, ServiceAccount("mdb_sa_id_1", "secret"), {}),
    "the first list of a key": (POSTING, 1, AccessToken("t-01234"), {"idempotency_key": "k"}),
    "the wait for another snapshot": (
        [READ, BUSY, READ, RUNNING, READ, EMPTY, READ, NEVER],
        4,
        AccessToken("t-01234"),
        {"if_busy": "wait"},
    ),
    "the list of a key after a challenge": (
        [READ, answer(401, b"", CHALLENGE), READ, NEVER],
        2,
        ApiKey("key", "secret"),
        {"idempotency_key": "k"},
    ),
}
nothing_sent = pytest.mark.parametrize(
    ("script", "requests", "credentials", "options"), NOTHING_SENT.values(), ids=NOTHING_SENT.keys()
)


def take(client: AtlasBackups, **options: Any) -> None:
    client.take_snapshot(GROUP_ID, CLUSTER_NAME, **options)


def cancelled(client: AtlasBackups, server: RawServer, requests: int, **options: Any) -> Any:
    """Cancel a take when the server has so many requests, and give what is raised in it."""

    async def run() -> BaseException | None:
        task = asyncio.create_task(client.take_snapshot_async(GROUP_ID, CLUSTER_NAME, **options))
        await asyncio.to_thread(server.wait_for_requests, requests)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            return error
        return None

    return asyncio.run(run())


def pending_outcome(raised: BaseException | None) -> AmbiguousOutcomeError | None:
    """Find what a take left in the chain of an exception."""
    while raised is not None and not isinstance(raised, AmbiguousOutcomeError):
        raised = raised.__cause__ or raised.__context__
    return raised


def assert_says_what_is_unknown(error: BaseException | None, options: dict[str, Any]) -> None:
    assert isinstance(error, AmbiguousOutcomeError)
    assert "cut off" in str(error.cause)
    assert error.idempotency_tag == (TAG if options else None)


@in_doubt
def test_ctrl_c_has_the_ambiguous_outcome_as_context(
    serve: Serve, script: Script, requests: int, options: dict[str, Any]
) -> None:
    server, client = serve(script, always(NEVER))

    with cut_off(server, requests, signal.SIGINT), pytest.raises(KeyboardInterrupt) as caught:
        take(client, **options)

    assert_says_what_is_unknown(caught.value.__context__, options)


@pytest.mark.usefixtures("stop_on_usr1")
@in_doubt
def test_raising_signal_handler_has_the_ambiguous_outcome_as_context(
    serve: Serve, script: Script, requests: int, options: dict[str, Any]
) -> None:
    server, client = serve(script, always(NEVER))

    with cut_off(server, requests, signal.SIGUSR1), pytest.raises(Stop) as caught:
        take(client, **options)

    assert_says_what_is_unknown(caught.value.__context__, options)


@in_doubt
def test_cancelled_task_has_the_ambiguous_outcome_as_context(
    serve: Serve, script: Script, requests: int, options: dict[str, Any]
) -> None:
    server, client = serve(script, always(NEVER))

    error = cancelled(client, server, requests, **options)

    assert isinstance(error, asyncio.CancelledError)
    assert_says_what_is_unknown(pending_outcome(error), options)


@pytest.mark.parametrize("kind", ["wait_for", "timeout"])
def test_asyncio_timeout_has_the_ambiguous_outcome_as_context(serve: Serve, kind: str) -> None:
    if kind == "timeout" and not hasattr(asyncio, "timeout"):
        pytest.skip("new in Python 3.11")
    server, client = serve(POSTING)

    async def run() -> None:
        task = asyncio.create_task(client.take_snapshot_async(GROUP_ID, CLUSTER_NAME))
        await asyncio.to_thread(server.wait_for_requests, 1)
        if kind == "wait_for":
            await asyncio.wait_for(task, 0.01)
            return
        async with asyncio.timeout(0.01):  # type: ignore[attr-defined]  # pyright: ignore  # noqa: PGH003  # looked at above
            await task

    with pytest.raises((TimeoutError, asyncio.TimeoutError)) as caught:
        asyncio.run(run())

    assert_says_what_is_unknown(pending_outcome(caught.value), {})


def test_interrupted_final_check_names_the_snapshot(serve: Serve) -> None:
    server, client = serve(CHECKING)

    found = pending_outcome(cancelled(client, server, 4, idempotency_key="k"))

    assert found is not None
    assert [snapshot.id for snapshot in found.candidates] == [SNAPSHOT_ID]


def test_interrupted_raw_take_is_ambiguous(serve: Serve) -> None:
    server, client = serve(POSTING)

    with cut_off(server, 1, signal.SIGINT), pytest.raises(KeyboardInterrupt) as caught:
        client.take_snapshot_raw(GROUP_ID, CLUSTER_NAME)

    assert_says_what_is_unknown(caught.value.__context__, {})


def test_handled_exception_stays_in_the_context_chain(serve: Serve) -> None:
    server, client = serve(POSTING)
    first = RuntimeError("handled when the take began")

    def handle() -> None:
        try:
            raise first
        except RuntimeError:
            take(client)

    with cut_off(server, 1, signal.SIGINT), pytest.raises(KeyboardInterrupt) as caught:
        handle()

    unknown = caught.value.__context__
    assert isinstance(unknown, AmbiguousOutcomeError)
    assert unknown.__context__ is first


@nothing_sent
def test_ctrl_c_before_sending_is_not_ambiguous(
    serve: Serve, script: Script, requests: int, credentials: Any, options: dict[str, Any]
) -> None:
    server, client = serve(script, always(NEVER), credentials=credentials)

    with cut_off(server, requests, signal.SIGINT), pytest.raises(KeyboardInterrupt) as caught:
        take(client, **options)

    assert caught.value.__context__ is None


@nothing_sent
def test_cancelled_task_before_sending_is_not_ambiguous(
    serve: Serve, script: Script, requests: int, credentials: Any, options: dict[str, Any]
) -> None:
    server, client = serve(script, always(NEVER), credentials=credentials)

    error = cancelled(client, server, requests, **options)

    assert isinstance(error, asyncio.CancelledError)
    assert pending_outcome(error) is None


WAITING: Script = [READ, TAKEN, READ, NEVER]


def waited_for(error: BaseException | None) -> str | None:
    assert isinstance(error, WaitTimeoutError)
    return error.snapshot.id if error.snapshot else None


def test_ctrl_c_during_the_wait_names_the_new_snapshot(serve: Serve) -> None:
    server, client = serve(WAITING)

    with cut_off(server, 2, signal.SIGINT), pytest.raises(KeyboardInterrupt) as caught:
        take(client, wait=True)

    assert waited_for(caught.value.__context__) == SNAPSHOT_ID


def test_cancelled_wait_names_the_new_snapshot(serve: Serve) -> None:
    server, client = serve(WAITING)

    error = cancelled(client, server, 2, wait=True)

    while error is not None and not isinstance(error, WaitTimeoutError):
        error = error.__cause__ or error.__context__
    assert waited_for(error) == SNAPSHOT_ID
