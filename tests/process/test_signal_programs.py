"""Programs with signal handlers, and programs that are ended by a signal."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.bodies import queued
from tests.faults.matrix import count
from tests.faults.matrix_rows import SIGNAL
from tests.process.programs import PROGRAM_TIMEOUT, access, run, start
from tests.raw_server import READ, RawServer, Until, always, answer

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.faults.plugin import Matrix


def test_signals_with_returning_handler_end_no_call(emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(path="/backup/", delay=0.5, times=None))
    script = """
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
while len(seen) < 4: assert take()
signal.setitimer(signal.ITIMER_REAL, 0)
"""

    run(script, emulator.env)


def test_signals_at_random_times_during_many_calls(ready: RawServer) -> None:
    # Signals also arrive while results are created and logs are written.
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


def test_handler_that_forks_leaves_call_to_parent() -> None:
    taken = answer(200, queued())
    until_the_child_takes = Until(lambda requests: len(requests) > 1)
    with RawServer([READ, until_the_child_takes, taken], always(taken)) as server:
        with start(FORKING, access(server)) as process:
            server.wait_for_requests(1)
            process.send_signal(signal.SIGALRM)
            out, err = process.communicate(timeout=PROGRAM_TIMEOUT)

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
def test_program_ends_by_ctrl_c(silent: RawServer, matrix: Matrix, name: str) -> None:
    with start(CALLS[name], access(silent)) as process:
        silent.wait_for_requests(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PROGRAM_TIMEOUT)

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
def test_sync_call_in_asyncio_run_ends_by_second_ctrl_c(silent: RawServer) -> None:
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
        _, err = process.communicate(timeout=PROGRAM_TIMEOUT)

    assert process.returncode == -signal.SIGINT
    assert "the call was cut off before its outcome was known" in err


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_program_without_handler_ends_by_sigterm(silent: RawServer, call: str) -> None:
    with start(call, access(silent)) as process:
        silent.wait_for_requests(1)
        process.terminate()
        _, err = process.communicate(timeout=PROGRAM_TIMEOUT)

    assert (process.returncode, err) == (-signal.SIGTERM, "")
