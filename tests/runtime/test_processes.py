"""Forks, signals and exits: real interpreters, each with a script of a few lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.door import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, RawServer, always

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import AtlasEmulator

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and POSIX signals")

PRELUDE = f"""
import asyncio, os, sys, threading
from atlas_backups import AtlasBackups
atlas = AtlasBackups()
def take():
    return atlas.take_snapshot("{GROUP_ID}", "{CLUSTER_NAME}").id
def take_async():
    return atlas.take_snapshot_async("{GROUP_ID}", "{CLUSTER_NAME}")
def in_child(work):
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child
def end(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.fixture
def silent() -> Iterator[RawServer]:
    with RawServer(always(NEVER)) as server:
        yield server


def start(script: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, "-W", "error", "-c", PRELUDE + script],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, environment: dict[str, str]) -> None:
    """Run a script that must end well and say nothing."""
    with start(script, environment) as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def access(server: RawServer) -> dict[str, str]:
    return {"MONGODB_ATLAS_BASE_URL": server.base_url, "MONGODB_ATLAS_ACCESS_TOKEN": "t-0123456"}


# Newer Pythons advise against a fork beside threads of their own.
IGNORE_ADVICE = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
FORKS = {
    "before first use": "child = in_child(take); take(); end(child); take()",
    "after first use": "take(); child = in_child(take); take(); end(child); take()",
    "twice": "take(); end(in_child(lambda: (take(), end(in_child(take))))); take()",
    "asyncio in the child": "take(); end(in_child(lambda: asyncio.run(take_async()))); take()",
    "asyncio before": "asyncio.run(take_async()); end(in_child(lambda: asyncio.run(take_async())))",
    "closed in the child": "take(); end(in_child(atlas.close)); take(); atlas.close()",
    "never used in the child": "take(); end(in_child(lambda: None)); take()",
    "during a call": """
other = threading.Thread(target=take); other.start()
end(in_child(take)); other.join(); take()
""",
}


@pytest.mark.parametrize("script", FORKS.values(), ids=FORKS.keys())
def test_both_sides_of_a_fork_work(emulator: AtlasEmulator, script: str) -> None:
    there_before = len(emulator.snapshots)

    run(IGNORE_ADVICE + script, emulator.env)

    takes = [request for request in emulator.requests if request.path.endswith("/snapshots")]
    assert len(takes) == len(emulator.snapshots) - there_before > 0
    assert {request.status for request in takes} == {200}


def test_a_child_gets_a_token_of_its_own(emulator: AtlasEmulator) -> None:
    run("take(); end(in_child(take)); take()", emulator.env)

    tokens = [request for request in emulator.requests if request.path.endswith("/token")]
    assert len(tokens) == 2


INTERRUPTED = {
    "sync": "take()",
    "async": "asyncio.run(take_async())",
    "sync in a loop": "asyncio.run(asyncio.sleep(0)); take()",
}


@pytest.mark.parametrize("call", INTERRUPTED.values(), ids=INTERRUPTED.keys())
def test_ctrl_c_ends_a_blocked_call(silent: RawServer, call: str) -> None:
    # The clock is the system's, so that both processes read the same one.
    ends = "except KeyboardInterrupt:\n    import time; print(time.monotonic())\n"
    script = f"try:\n    {call}\n{ends}"

    with start(script, access(silent)) as process:
        silent.wait_for_requests(1, 20)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert float(out) - begun < 0.5
    assert len(silent.requests) == 1


def test_a_signal_handler_that_returns_does_not_end_the_call(emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(path="/backup/", delay=0.5))
    script = """
import signal
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.1)
assert take() and seen
"""

    run(script, emulator.env)


QUIET_ENDS = {
    "cancelled": """
async def main():
    task = asyncio.create_task(take_async()); await asyncio.sleep(0.2); task.cancel()
    await asyncio.gather(task, return_exceptions=True)
asyncio.run(main(), debug=True)
""",
    "never awaited to the end": """
async def main():
    asyncio.create_task(take_async()); await asyncio.sleep(0.2)
asyncio.run(main())
""",
    "a daemon thread is still in a call": """
threading.Thread(target=take, daemon=True).start()
import time; time.sleep(0.2)
""",
    "a loop is closed under a call": """
loop = asyncio.new_event_loop()
task = loop.create_task(take_async())
loop.run_until_complete(asyncio.sleep(0.2))
task.cancel(); loop.run_until_complete(asyncio.gather(task, return_exceptions=True)); loop.close()
""",
}


@pytest.mark.parametrize("script", QUIET_ENDS.values(), ids=QUIET_ENDS.keys())
def test_an_interpreter_ends_quietly_with_a_call_in_flight(silent: RawServer, script: str) -> None:
    run(script, access(silent))

    assert len(silent.requests) == 1


def test_threads_share_one_client_while_it_is_closed(emulator: AtlasEmulator) -> None:
    script = """
from atlas_backups import ClientClosedError
def work():
    try:
        while True: take()
    except ClientClosedError: pass  # also where the token ends under a call in flight
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
import time; time.sleep(0.2); atlas.close()
for thread in threads: thread.join(10); assert not thread.is_alive()
"""

    run(script, emulator.env)

    assert {request.status for request in emulator.requests} <= {200, 204, 401}
