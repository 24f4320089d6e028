"""A signal ends a blocked call on the main thread within 200 ms; elsewhere it disturbs nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from atlas_backups import AccessToken, AmbiguousOutcomeError, AtlasBackups, RateLimitError, Snapshot
from atlas_backups.emulator import Fault
from tests.bodies import queued
from tests.faults.matrix import count
from tests.faults.matrix_rows import SIGNAL
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.process.phases import ACCOUNT, ITERATIONS, PHASES, Phase, Unaccepting
from tests.process.programs import LONGEST_PROGRAM_SECONDS, access, run, start
from tests.raw_server import NEVER, READ, RESET, Delay, RawServer, Until, always, answer
from tests.tags import tag_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.faults.plugin import Matrix
    from tests.raw_server import Script

LONGEST_SECONDS = 0.2
TRIES = 10  # of which one has to be in time: the machine has other things to do as well


class Stopped(Exception):  # noqa: N818  # what a task runner's handler raises
    """Raised by a handler of SIGTERM."""


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def sent(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """Either signal; the handler raises, as Python's own of SIGINT does."""

    def stop(*_: object) -> NoReturn:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    yield request.param
    signal.signal(signal.SIGTERM, before)


@contextmanager
def sending(sent: signal.Signals, when: Callable[[], object]) -> Generator[list[float]]:
    """Send it to this process once `when` has returned, and say how late it is answered."""
    late: list[float] = []

    def act() -> None:
        when()
        time.sleep(0.07)  # into the pauses, and not always at the same place of a slice
        late.append(time.monotonic())
        os.kill(os.getpid(), sent)

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield late
    finally:
        late[:] = [time.monotonic() - late[0]] if late else []
        thread.join()


def expected(sent: signal.Signals) -> type[BaseException]:
    return KeyboardInterrupt if sent == signal.SIGINT else Stopped


def says(error: BaseException, inside: BaseException | None = None) -> str:
    """Describe for the fault matrix what a signal led to: a task has the doubt behind its end."""
    name = "KeyboardInterrupt" if type(error) is KeyboardInterrupt else "what the handler raises"
    doubt = (inside or error).__context__
    in_doubt = type(doubt).__name__ if isinstance(doubt, AmbiguousOutcomeError) else "nothing"
    return f"{name}, in doubt: {in_doubt}"


def interrupted(
    phase: Phase, sent: signal.Signals, make_client: MakeClient, *, iterate: bool
) -> tuple[float, str, str]:
    """Cut the call of a phase off; return how long that took, its outcome, and what was sent."""
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
            if phase.is_answered:
                server.wait_for_end_of_connection()
            time.sleep(0 if phase.requests else 0.1)

        with sending(sent, ready) as late, pytest.raises(expected(sent)) as caught:
            call()
    return late[0], says(caught.value), count(server.requests)


def ends_in_time(name: str, sent: signal.Signals, make_client: MakeClient, matrix: Matrix) -> bool:
    is_iteration = name in ITERATIONS
    phase = ITERATIONS[name] if is_iteration else PHASES[name]
    for _ in range(TRIES):
        seconds, outcome, received = interrupted(phase, sent, make_client, iterate=is_iteration)
        if seconds < LONGEST_SECONDS:
            fault = f"{sent.name} in {name}"
            matrix.note(
                SIGNAL, fault, call=phase.method, flavor="sync", outcome=outcome, received=received
            )
            return True
    return False


def interrupted_in_a_loop(
    phase: Phase, sent: signal.Signals, make_client: MakeClient
) -> tuple[float, str, str]:
    """Do the same to a call that `asyncio.run` runs, which ends its tasks then."""
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
            sending(sent, lambda: server.wait_for_requests(phase.requests)) as late,
            pytest.raises(expected(sent)) as caught,
        ):
            asyncio.run(call(client))
    return late[0], says(caught.value, *ends), count(server.requests)


@pytest.mark.parametrize("name", ["the POST", "a read"])
def test_an_async_call_is_ended_in(
    name: str, sent: signal.Signals, make_client: MakeClient, matrix: Matrix
) -> None:
    phase = PHASES[name]

    tries = (interrupted_in_a_loop(phase, sent, make_client) for _ in range(TRIES))
    outcome, received = next(rest for late, *rest in tries if late < LONGEST_SECONDS)

    fault = f"{sent.name} in {name}"
    matrix.note(
        SIGNAL, fault, call=phase.method, flavor="async", outcome=outcome, received=received
    )


@pytest.mark.parametrize("name", [*PHASES, *ITERATIONS])
def test_a_call_is_ended_in(
    name: str, sent: signal.Signals, make_client: MakeClient, matrix: Matrix
) -> None:
    assert ends_in_time(name, sent, make_client, matrix)


def test_a_call_is_ended_while_it_connects(sent: signal.Signals, make_client: MakeClient) -> None:
    def connect() -> float:
        with Unaccepting() as server:
            client = make_client(AccessToken("t-0123456"), base_url=server.base_url)
            with sending(sent, lambda: time.sleep(0.1)) as late, pytest.raises(expected(sent)):
                client.take_snapshot(GROUP_ID, CLUSTER_NAME)
        return late[0]

    assert any(connect() < LONGEST_SECONDS for _ in range(TRIES))


def test_a_call_is_ended_while_another_process_fetches_its_token(
    silent: RawServer, sent: signal.Signals, make_client: MakeClient, tmp_path: Path
) -> None:
    import fcntl  # noqa: PLC0415  # not there on Windows

    lock = (tmp_path / "tokens.lock").open("wb")
    Path(lock.name).chmod(0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)

    def wait() -> float:
        client = make_client(ACCOUNT, base_url=silent.base_url, token_cache=tmp_path / "tokens")
        with sending(sent, lambda: time.sleep(0.1)) as late, pytest.raises(expected(sent)):
            client.take_snapshot(GROUP_ID, CLUSTER_NAME)
        return late[0]

    with lock:
        assert any(wait() < LONGEST_SECONDS for _ in range(TRIES))
    assert silent.requests == ()


def test_closing_is_ended(sent: signal.Signals) -> None:
    token = answer(200, {"access_token": "t-0123", "expires_in": 3600, "token_type": "Bearer"})

    def close() -> float:
        script: Script = [READ, token, READ, answer(200, queued()), READ, NEVER]
        with RawServer(script) as server:
            client = AtlasBackups(ACCOUNT, base_url=server.base_url)
            client.take_snapshot(GROUP_ID, CLUSTER_NAME)
            revoking = sending(sent, lambda: server.wait_for_requests(3))
            with revoking as late, pytest.raises(expected(sent)):
                client.close()
        return late[0]

    assert any(close() < LONGEST_SECONDS for _ in range(TRIES))


def test_the_tag_of_the_attempt_is_in_the_context(serve: Serve, sent: signal.Signals) -> None:
    empty = answer(200, {"results": [], "totalCount": 0})
    server, client = serve([READ, empty, READ, empty, READ, NEVER])

    with (
        sending(sent, lambda: server.wait_for_requests(3)),
        pytest.raises(expected(sent)) as caught,
    ):
        client.take_snapshot(GROUP_ID, CLUSTER_NAME, idempotency_key="k")

    doubt = caught.value.__context__
    assert isinstance(doubt, AmbiguousOutcomeError)
    assert doubt.idempotency_tag == tag_of("k")
    assert [request.method for request in server.requests] == ["GET", "GET", "POST"]


def test_the_client_works_on_after_a_signal(serve: Serve, sent: signal.Signals) -> None:
    server, client = serve([READ, NEVER], always(answer(200, queued())))

    with sending(sent, lambda: server.wait_for_requests(1)), pytest.raises(expected(sent)):
        client.take_snapshot(GROUP_ID, CLUSTER_NAME)

    server.wait_for_end_of_connection()
    assert client.take_snapshot(GROUP_ID, CLUSTER_NAME).status == "queued"


def test_calls_of_other_threads_are_not_disturbed(serve: Serve, sent: signal.Signals) -> None:
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


def test_a_flood_of_signals_whose_handler_returns_ends_nothing(emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(path="/backup/", delay=0.5, times=None))
    script = """
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
while len(seen) < 4: assert take()
signal.setitimer(signal.ITIMER_REAL, 0)
"""

    run(script, emulator.env)


def test_signals_at_any_moment_of_many_calls(ready: RawServer) -> None:
    # They come while results are made, logs written, classes looked up: anywhere but in a wait.
    script = """
import logging, random
class Quiet(logging.Handler):
    def emit(self, record): self.format(record)
logging.getLogger().addHandler(Quiet()); logging.getLogger().setLevel(1)
class Stopped(BaseException): pass
def stop(*_):
    if armed: raise Stopped
def number(): return f"66b0c1d2e3f4a5b6{calls // 500:08x}"
signal.signal(signal.SIGALRM, stop)
calls = stops = 0
until = time.monotonic() + 3
while time.monotonic() < until or stops <= 20:
    calls += 1
    armed = True
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.003))
        while True: atlas.take_snapshot(number(), "Cluster0")
    except Stopped:
        armed = False
        stops += 1
print(calls == stops)
"""

    assert run(script, access(ready)) == "True\n"


FORKING = """
def fork(*_):
    global child
    child = os.fork()
signal.signal(signal.SIGALRM, fork)
try:
    take()
except RuntimeError as error:
    assert not child and "forked" in str(error)
    take()
    os._exit(0)
assert child
end(child)
"""


def test_a_handler_that_forks_leaves_the_call_to_the_parent() -> None:
    taken = answer(200, queued())
    until_the_child_takes = Until(lambda requests: len(requests) > 1)
    with RawServer([READ, until_the_child_takes, taken], always(taken)) as server:
        with start(FORKING, access(server)) as process:
            server.wait_for_requests(1)
            process.send_signal(signal.SIGALRM)
            out, err = process.communicate(timeout=LONGEST_PROGRAM_SECONDS)

        assert (process.returncode, out, err) == (0, "", "")
        assert len(server.requests) == 2


CALLS = {
    "sync": "take()",
    "async": "asyncio.run(take_async())",
    "sync in a loop": "asyncio.run(asyncio.sleep(0)); take()",
    # As a notebook runs its cells.
    "sync inside a running loop": """
async def cell(): take()
asyncio.new_event_loop().run_until_complete(cell())
""",
}


@pytest.mark.parametrize("name", CALLS)
def test_a_program_ends_by_ctrl_c(silent: RawServer, matrix: Matrix, name: str) -> None:
    with start(CALLS[name], access(silent)) as process:
        silent.wait_for_requests(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LONGEST_PROGRAM_SECONDS)

    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in err
    # Python 3.10 shows nothing of the task that it cancels then.
    if name != "async" or sys.version_info >= (3, 11):
        assert "the call was cut off before its outcome was known" in err
    matrix.note(
        SIGNAL,
        f"SIGINT to a program, {name}",
        call="take_snapshot",
        flavor="async" if name == "async" else "sync",
        outcome="ended by the signal",
        received=count(silent.requests),
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the first one raises there")
def test_asyncio_run_keeps_the_first_ctrl_c_from_a_call_that_blocks_it(silent: RawServer) -> None:
    # Its handler only cancels the task, which is not awaiting; the second one raises.
    script = """
def tell(task):
    while not task.cancelling(): time.sleep(0.01)
    print("the first one has come", flush=True)
async def main():
    threading.Thread(target=tell, args=[asyncio.current_task()]).start()
    take()
asyncio.run(main())
"""
    with start(script, access(silent)) as process:
        silent.wait_for_requests(1)
        process.send_signal(signal.SIGINT)
        assert process.stdout
        assert process.stdout.readline() == "the first one has come\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LONGEST_PROGRAM_SECONDS)

    assert process.returncode == -signal.SIGINT
    assert "the call was cut off before its outcome was known" in err


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_program_ends_by_sigterm_without_a_handler(silent: RawServer, call: str) -> None:
    with start(call, access(silent)) as process:
        silent.wait_for_requests(1)
        process.terminate()
        _, err = process.communicate(timeout=LONGEST_PROGRAM_SECONDS)

    assert (process.returncode, err) == (-signal.SIGTERM, "")


def test_a_time_limit_by_signal_ends_a_reset_call(serve: Serve) -> None:
    # As Airflow's task time-outs are: an alarm whose handler raises, here in the reconciliation.
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
