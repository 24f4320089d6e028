"""A signal ends a blocked call on the main thread within 200 ms, and affects no other thread."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from atlas_backups import AccessToken, AmbiguousOutcomeError, AtlasBackups, RateLimitError, Snapshot
from tests.bodies import queued
from tests.faults.matrix import count
from tests.faults.matrix_rows import SIGNAL
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.process.phases import ACCOUNT, ITERATIONS, PHASES, FullBacklog, Phase
from tests.raw_server import NEVER, READ, RESET, Delay, RawServer, always, answer
from tests.tags import tag_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tests.conftest import MakeClient, Serve
    from tests.faults.plugin import Matrix
    from tests.raw_server import Script

MAX_SECONDS = 0.2
TRIES = 10  # one of them must be in time, because the machine may be busy


class Stopped(Exception):  # noqa: N818  # raised by the handler of a task runner
    """Raised by a handler of SIGTERM."""


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def sent(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """Either signal; the handler raises, like Python's own for SIGINT."""

    def stop(*_: object) -> NoReturn:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    yield request.param
    signal.signal(signal.SIGTERM, before)


@contextmanager
def sending(sent: signal.Signals, when: Callable[[], object]) -> Generator[list[float]]:
    """Send it to this process after `when` has returned; measure the delay until the exception."""
    delay: list[float] = []

    def act() -> None:
        when()
        time.sleep(0.07)  # not always at the same point of a time slice
        delay.append(time.monotonic())
        os.kill(os.getpid(), sent)

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield delay
    finally:
        delay[:] = [time.monotonic() - delay[0]] if delay else []
        thread.join()


def expected(sent: signal.Signals) -> type[BaseException]:
    return KeyboardInterrupt if sent == signal.SIGINT else Stopped


def describe(error: BaseException, inside: BaseException | None = None) -> str:
    """Describe the exception for the fault matrix, with the pending outcome in its context."""
    name = "KeyboardInterrupt" if type(error) is KeyboardInterrupt else "what the handler raises"
    pending_outcome = (inside or error).__context__
    ambiguous = (
        type(pending_outcome).__name__
        if isinstance(pending_outcome, AmbiguousOutcomeError)
        else "nothing"
    )
    return f"{name}, pending: {ambiguous}"


def interrupted(
    phase: Phase, sent: signal.Signals, make_client: MakeClient, *, iterate: bool
) -> tuple[float, str, str]:
    """Interrupt the call of a phase; return the delay, the outcome and the sent requests."""
    with RawServer(phase.script, always(NEVER)) as server:
        base_url = server.base_url.replace("http", phase.scheme)
        client = make_client(phase.credentials, base_url=base_url, **phase.client_options)

        def call() -> None:
            result = getattr(client, phase.method)(*phase.arguments, **phase.options)
            if iterate:
                next(result)

        for _ in range(phase.before):
            with pytest.raises(RateLimitError):
                call()
        requests = phase.before + phase.requests

        def ready() -> None:
            server.wait_for_connections(1)
            server.wait_for_requests(requests)
            if phase.has_response:
                server.wait_for_end_of_connection()
            time.sleep(0 if phase.requests else 0.1)

        with sending(sent, ready) as delay, pytest.raises(expected(sent)) as caught:
            call()
    return delay[0], describe(caught.value), count(server.requests)


def ends_within_limit(
    name: str, sent: signal.Signals, make_client: MakeClient, matrix: Matrix
) -> bool:
    is_iteration = name in ITERATIONS
    phase = ITERATIONS[name] if is_iteration else PHASES[name]
    for _ in range(TRIES):
        seconds, outcome, received = interrupted(phase, sent, make_client, iterate=is_iteration)
        if seconds < MAX_SECONDS:
            fault = f"{sent.name} in {name}"
            matrix.note(
                SIGNAL, fault, call=phase.method, flavor="sync", outcome=outcome, received=received
            )
            return True
    return False


def interrupted_in_a_loop(
    phase: Phase, sent: signal.Signals, make_client: MakeClient
) -> tuple[float, str, str]:
    """Do the same with a call in `asyncio.run`, which cancels its tasks."""
    ends: list[BaseException] = []

    async def call(client: AtlasBackups) -> None:
        try:
            await getattr(client, f"{phase.method}_async")(*phase.arguments)
        except asyncio.CancelledError as end:
            ends.append(end)
            raise

    with RawServer(phase.script) as server:
        client = make_client(phase.credentials, base_url=server.base_url)
        with (
            sending(sent, lambda: server.wait_for_requests(phase.requests)) as delay,
            pytest.raises(expected(sent)) as caught,
        ):
            asyncio.run(call(client))
    return delay[0], describe(caught.value, *ends), count(server.requests)


@pytest.mark.parametrize("name", ["the POST", "a read"])
def test_signal_ends_async_call_in(
    name: str, sent: signal.Signals, make_client: MakeClient, matrix: Matrix
) -> None:
    phase = PHASES[name]

    tries = (interrupted_in_a_loop(phase, sent, make_client) for _ in range(TRIES))
    outcome, received = next(rest for delay, *rest in tries if delay < MAX_SECONDS)

    fault = f"{sent.name} in {name}"
    matrix.note(
        SIGNAL, fault, call=phase.method, flavor="async", outcome=outcome, received=received
    )


@pytest.mark.parametrize("name", [*PHASES, *ITERATIONS])
def test_signal_ends_call_in(
    name: str, sent: signal.Signals, make_client: MakeClient, matrix: Matrix
) -> None:
    assert ends_within_limit(name, sent, make_client, matrix)


def test_signal_ends_call_during_connect(sent: signal.Signals, make_client: MakeClient) -> None:
    def connect() -> float:
        with FullBacklog() as server:
            client = make_client(AccessToken("t-0123456"), base_url=server.base_url)
            with sending(sent, lambda: time.sleep(0.1)) as delay, pytest.raises(expected(sent)):
                client.take_snapshot(GROUP_ID, CLUSTER_NAME)
        return delay[0]

    assert any(connect() < MAX_SECONDS for _ in range(TRIES))


def test_signal_ends_call_waiting_for_token_lock(
    silent: RawServer, sent: signal.Signals, make_client: MakeClient, tmp_path: Path
) -> None:
    import fcntl  # noqa: PLC0415  # not on Windows

    lock = (tmp_path / "tokens.lock").open("wb")
    Path(lock.name).chmod(0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)

    def wait() -> float:
        client = make_client(ACCOUNT, base_url=silent.base_url, token_cache=tmp_path / "tokens")
        with sending(sent, lambda: time.sleep(0.1)) as delay, pytest.raises(expected(sent)):
            client.take_snapshot(GROUP_ID, CLUSTER_NAME)
        return delay[0]

    with lock:
        assert any(wait() < MAX_SECONDS for _ in range(TRIES))
    assert silent.requests == ()


def test_signal_ends_close(sent: signal.Signals) -> None:
    token = answer(200, {"access_token": "t-0123", "expires_in": 3600, "token_type": "Bearer"})

    def close() -> float:
        script: Script = [READ, token, READ, answer(200, queued()), READ, NEVER]
        with RawServer(script) as server:
            client = AtlasBackups(ACCOUNT, base_url=server.base_url)
            client.take_snapshot(GROUP_ID, CLUSTER_NAME)
            revoking = sending(sent, lambda: server.wait_for_requests(3))
            with revoking as delay, pytest.raises(expected(sent)):
                client.close()
        return delay[0]

    assert any(close() < MAX_SECONDS for _ in range(TRIES))


def test_interrupted_take_has_tag_in_exception_context(serve: Serve, sent: signal.Signals) -> None:
    empty = answer(200, {"results": [], "totalCount": 0})
    server, client = serve([READ, empty, READ, empty, READ, NEVER])

    with (
        sending(sent, lambda: server.wait_for_requests(3)),
        pytest.raises(expected(sent)) as caught,
    ):
        client.take_snapshot(GROUP_ID, CLUSTER_NAME, idempotency_key="k")

    pending_outcome = caught.value.__context__
    assert isinstance(pending_outcome, AmbiguousOutcomeError)
    assert pending_outcome.idempotency_tag == tag_of("k")
    assert [request.method for request in server.requests] == ["GET", "GET", "POST"]


def test_client_works_after_signal(serve: Serve, sent: signal.Signals) -> None:
    server, client = serve([READ, NEVER], always(answer(200, queued())))

    with sending(sent, lambda: server.wait_for_requests(1)), pytest.raises(expected(sent)):
        client.take_snapshot(GROUP_ID, CLUSTER_NAME)

    server.wait_for_end_of_connection()
    assert client.take_snapshot(GROUP_ID, CLUSTER_NAME).status == "queued"


def test_signal_does_not_affect_calls_of_other_threads(serve: Serve, sent: signal.Signals) -> None:
    script: Script = [READ, Delay(0.5), answer(200, queued())]
    server, client = serve(script, script, script, script)
    taken: list[Snapshot] = []
    threads = [
        threading.Thread(target=lambda: taken.append(client.take_snapshot(GROUP_ID, CLUSTER_NAME)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()

    with sending(sent, lambda: server.wait_for_requests(4)), pytest.raises(expected(sent)):
        time.sleep(60)  # `join`, once interrupted, takes its thread for ended before Python 3.13

    for thread in threads:
        thread.join()
    assert len(taken) == 4
    assert len(server.requests) == 4


def test_alarm_ends_reconciliation(serve: Serve) -> None:
    # Like Airflow's task timeouts: an alarm whose handler raises, here during reconciliation.
    server, client = serve([READ, RESET], always(NEVER))

    def stop(*_: object) -> NoReturn:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with (
            sending(signal.SIGALRM, lambda: server.wait_for_requests(1)),
            pytest.raises(Stopped) as caught,
        ):
            client.take_snapshot(GROUP_ID, CLUSTER_NAME)
    finally:
        signal.signal(signal.SIGALRM, before)

    assert isinstance(caught.value.__context__, AmbiguousOutcomeError)
