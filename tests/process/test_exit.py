"""Interpreter exit with calls in flight: immediate, with the right status, and silent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bodies import queued
from tests.faults.matrix import count
from tests.faults.matrix_rows import CANCELLED
from tests.process.programs import access, run, run_file
from tests.raw_server import Delay, RawServer, always, answer

if TYPE_CHECKING:
    from tests.faults.plugin import Matrix


BENCHES = Path(__file__).parents[2] / "benches"


@dataclass(frozen=True)
class InFlight:
    """A script with calls in flight at exit, and the number of requests by then."""

    script: str
    requests: int = 1
    call: str = "take_snapshot"
    flavor: str = "sync"


IN_FLIGHT = {
    "nothing": InFlight("", 0),
    "a call of a daemon thread": InFlight("threading.Thread(target=take, daemon=True).start()"),
    "calls of many daemon threads": InFlight(
        "for _ in range(16): threading.Thread(target=take, daemon=True).start()", 16
    ),
    "a loop in a daemon thread": InFlight(
        "threading.Thread(target=lambda: asyncio.run(take_async()), daemon=True).start()",
        flavor="async",
    ),
    "a fleet of a daemon thread": InFlight(
        "outcomes = atlas.take_snapshots([REQUEST] * 4)\n"
        "threading.Thread(target=lambda: next(outcomes), daemon=True).start()",
        4,
        "take_snapshots",
    ),
    "a wait of a daemon thread": InFlight(
        "wait = lambda: atlas.wait_for_snapshot(*PLACE, '6' * 24)\n"
        "threading.Thread(target=wait, daemon=True).start()",
        call="wait_for_snapshot",
    ),
}
# The last line of the script, and the exit status.
EXITS = {
    "its last line": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "os._exit": ("os._exit(4)", 4),
    "an exception": ("raise LookupError", 1),
}
WAIT_FOR_LINE = "\nsys.stdin.readline()\n"
# Only newer Pythons show the line.
TRACE = r"Traceback .*\n  File .*\n(    raise LookupError\n)?LookupError\n"


@pytest.mark.parametrize("end", EXITS)
@pytest.mark.parametrize("in_flight", IN_FLIGHT)
def test_interpreter_exit_with_calls_in_flight(
    silent: RawServer, matrix: Matrix, in_flight: str, end: str
) -> None:
    (last_line, status), what = EXITS[end], IN_FLIGHT[in_flight]

    run(
        f"{what.script}{WAIT_FOR_LINE}{last_line}",
        access(silent),
        returncode=status,
        err=TRACE if status == 1 else "",
        when=lambda: silent.wait_for_requests(what.requests),
    )

    matrix.note(
        CANCELLED,
        f"interpreter ends by {end}, in flight: {in_flight}",
        call=what.call,
        flavor=what.flavor,
        outcome=f"status {status}, nothing else on stderr",
        received=count(silent.requests),
    )


ASYNC_ENDS = {
    "cancelled": """
async def main():
    task = asyncio.create_task(take_async()); await line_read(); task.cancel()
    await asyncio.gather(task, return_exceptions=True)
asyncio.run(main())
""",
    "not awaited to the end": """
async def main():
    task = asyncio.create_task(take_async()); await line_read()
asyncio.run(main())
""",
    "a loop that is closed after its task was cancelled": """
loop = asyncio.new_event_loop()
task = loop.create_task(take_async())
loop.run_until_complete(line_read())
task.cancel(); loop.run_until_complete(asyncio.gather(task, return_exceptions=True)); loop.close()
""",
    "sys.exit in a coroutine": """
async def main():
    task = asyncio.create_task(take_async()); await line_read(); sys.exit(0)
asyncio.run(main())
""",
    "os._exit in a coroutine": """
async def main():
    task = asyncio.create_task(take_async()); await line_read(); os._exit(0)
asyncio.run(main())
""",
    "a watch left in the middle": """
async def main():
    async for _ in atlas.watch_snapshot_async(*PLACE, "6" * 24): pass
async def limited():
    task = asyncio.create_task(main()); await line_read()
asyncio.run(limited())
""",
    "a fleet left in the middle": """
async def main():
    async for _ in atlas.take_snapshots_async([REQUEST]): pass
async def limited():
    task = asyncio.create_task(main()); await line_read()
asyncio.run(limited())
""",
}
UVLOOP = """
try: import uvloop
except ImportError: pass
else: asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
"""
POLICIES = {
    "asyncio": "",
    "no readers": """
class NoReaders(asyncio.SelectorEventLoop):
    def add_reader(self, *_): raise NotImplementedError
class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self): return NoReaders()
asyncio.set_event_loop_policy(Policy()); asyncio.new_event_loop = NoReaders
""",
    "uvloop": UVLOOP,
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", ASYNC_ENDS)
def test_event_loop_end_with_call_in_flight(
    silent: RawServer, matrix: Matrix, name: str, policy: str
) -> None:
    # Newer Pythons deprecate policies, which replace the loop most easily.
    flags = ["-X", "dev", "-W", "error", "-W", "ignore:'asyncio:DeprecationWarning"]

    run(
        POLICIES[policy] + ASYNC_ENDS[name],
        {**access(silent), "PYTHONASYNCIODEBUG": "1"},
        flags=flags,
        when=lambda: silent.wait_for_requests(1),
    )

    if policy == "asyncio":
        matrix.note(
            CANCELLED,
            f"loop ends: {name}",
            call="watch_snapshot" if "watch" in name else "take_snapshot",
            flavor="async",
            outcome="status 0, nothing on stderr",
            received=count(silent.requests),
        )


def test_short_processes_on_one_core_exit_cleanly() -> None:
    run_file(BENCHES / "short_processes.py", "--processes", "60")


def test_daemon_threads_with_constant_calls_exit_cleanly(ready: RawServer) -> None:
    script = """
import logging
class Slow(logging.Handler):
    def emit(self, record): self.format(record); sum(range(2000))
logging.getLogger().addHandler(Slow()); logging.getLogger().setLevel(1)
def work():
    while True: take()
for _ in range(8): threading.Thread(target=work, daemon=True).start()
time.sleep(0.1)
"""
    # Without a guard, one in eighty was aborted.
    for _ in range(8):
        run(script, access(ready))


def test_calls_work_in_atexit_callbacks(ready: RawServer) -> None:
    # Callbacks run in reverse order: the first one runs after the package's own.
    before = "import atexit; atexit.register(lambda: print(len(take())))\n"

    out = run("atexit.register(lambda: print(len(take())))", access(ready), before=before)

    assert out == "24\n24\n"


# Registered before the import, so that it runs after the package's own callback.
JOIN_AT_EXIT = """
import atexit, sys, threading, time
workers, stop = [], threading.Event()
def at_exit():
    stop.set()
    for worker in workers: worker.join(30)
    print("still running" if any(worker.is_alive() for worker in workers) else "joined")
    sys.stdout.flush()
atexit.register(at_exit)
"""
WORKERS = {
    "one sync call": "take()",
    "sync calls in a loop": "while not stop.is_set(): take()",
    "an async call": "asyncio.run(take_async())",
    "an async call without readers": """
    class NoReaders(asyncio.SelectorEventLoop):
        def add_reader(self, *_): raise NotImplementedError
    loop = NoReaders(); loop.run_until_complete(take_async()); loop.close()
""",
    "a fleet": "list(atlas.take_snapshots([REQUEST] * 3))",
}


@pytest.mark.parametrize("work", WORKERS)
def test_atexit_callback_can_join_worker_in_call(work: str) -> None:
    script = f"""
def worker():
    {WORKERS[work]}
workers.append(threading.Thread(target=worker, daemon=True))
workers[0].start()
sys.stdin.readline()
"""
    with RawServer(always(Delay(0.4), answer(200, queued()))) as server:
        out = run(
            script, access(server), before=JOIN_AT_EXIT, when=lambda: server.wait_for_requests(1)
        )

    assert out == "joined\n"


def test_atexit_callback_can_join_worker_whose_call_times_out(
    silent: RawServer,
) -> None:
    script = """
def worker():
    try: AtlasBackups(total_timeout=0.5).take_snapshot(*PLACE)
    except Exception as error: print(type(error).__name__)
workers.append(threading.Thread(target=worker, daemon=True))
workers[0].start()
sys.stdin.readline()
"""

    out = run(script, access(silent), before=JOIN_AT_EXIT, when=lambda: silent.wait_for_requests(1))

    assert out == "AmbiguousOutcomeError\njoined\n"


def test_atexit_callback_can_join_thread_that_closes_client(ready: RawServer) -> None:
    before = (
        JOIN_AT_EXIT
        + """
def start():
    workers.append(threading.Thread(target=lambda: (take(), atlas.close()), daemon=True))
    workers[0].start()
atexit.register(start)
"""
    )

    assert run("take()", access(ready), before=before) == "joined\n"
