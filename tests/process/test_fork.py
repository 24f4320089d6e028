"""A client used in parent and child of a fork, whatever was in progress."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Behaviour, Fault
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.faults.matrix import count, in_words
from tests.faults.matrix_rows import FORK
from tests.process.programs import access, run
from tests.raw_server import READ, RawServer, Until, always, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import StartEmulator
    from tests.faults.plugin import Matrix
    from tests.raw_server import Step

FORKS = {
    "before first use": "child = in_child(take); take(); end(child); take()",
    "after first use": "take(); child = in_child(take); take(); end(child); take()",
    "used in the child only": "end(in_child(take))",
    "nested": "take(); end(in_child(lambda: (take(), end(in_child(take))))); take()",
    "nested, unused between": "take(); end(in_child(lambda: end(in_child(take)))); take()",
    "asyncio in the child": "take(); end(in_child(lambda: asyncio.run(take_async()))); take()",
    "asyncio before": "asyncio.run(take_async()); end(in_child(lambda: asyncio.run(take_async())))",
    "inside a running loop": """
async def main():
    await take_async()
    child = in_child(lambda: asyncio.run(take_async()))
    await asyncio.gather(take_async(), take_async())
    end(child)
asyncio.run(main())
""",
    "closed in the child": "take(); end(in_child(atlas.close)); take(); atlas.close()",
    "closed in the parent": "take(); child = in_child(take); atlas.close(); end(child)",
    "never used in the child": "take(); end(in_child(lambda: None)); take()",
    "during a call": """
other = thread(take); end(in_child(take)); other.join(); take()
""",
    "several at once": """
others = [thread(take) for _ in range(4)]
children = [in_child(take) for _ in range(4)]
for child in children: end(child)
for other in others: other.join()
""",
    "by a thread": "take(); other = thread(lambda: end(in_child(take))); take(); other.join()",
}


BOTH_WORK = "child and parent work"


@pytest.mark.parametrize("name", FORKS)
def test_fork_parent_and_child_take(emulator: AtlasEmulator, matrix: Matrix, name: str) -> None:
    there_before = len(emulator.snapshots)

    run(FORKS[name], emulator.env)

    takes = [request for request in emulator.requests if request.path.endswith("/snapshots")]
    assert len(takes) == len(emulator.snapshots) - there_before > 0
    assert {request.status for request in takes} == {200}
    flavor = "async" if "async" in FORKS[name] else "sync"
    received = f"{len(takes)} POST"
    matrix.note(
        FORK, name, call="take_snapshot", flavor=flavor, outcome=BOTH_WORK, received=received
    )


AROUND = {
    "before first use": "child = in_child(call); call(); end(child); call()",
    "after first use": "call(); child = in_child(call); call(); end(child); call()",
}
CALLERS = {
    "sync": "def call(): atlas.{method}(*PLACE{more})\n",
    "async": "def call(): asyncio.run(atlas.{method}_async(*PLACE{more}))\n",
}
# Sync takes are tested above.
CALLED = [
    ("take_snapshot", "async"),
    ("get_snapshot", "sync"),
    ("get_snapshot", "async"),
    ("list_snapshots", "sync"),
    ("list_snapshots", "async"),
]


@pytest.mark.parametrize(("method", "flavor"), CALLED)
@pytest.mark.parametrize("name", AROUND)
def test_fork_parent_and_child_call(
    emulator: AtlasEmulator, matrix: Matrix, name: str, method: str, flavor: str
) -> None:
    more = f', "{emulator.snapshots[0].id}"' if method == "get_snapshot" else ""

    run(CALLERS[flavor].format(method=method, more=more) + AROUND[name], emulator.env)

    calls = [request for request in emulator.requests if "/backup/" in request.path]
    assert {request.status for request in calls} == {200}
    received = in_words(Counter(request.method for request in calls))
    matrix.note(FORK, name, call=method, flavor=flavor, outcome=BOTH_WORK, received=received)


def test_fork_during_first_call_of_thread_does_not_block_child(
    emulator: AtlasEmulator,
) -> None:
    """The first call of the thread is setting up the logger; the child does so itself."""
    run(
        """
import logging
inside, proceed = threading.Event(), threading.Event()
class Slow(logging.NullHandler):
    def __init__(self):
        super().__init__()
        if threading.current_thread() is not threading.main_thread():
            inside.set()
            proceed.wait()
logging.NullHandler = Slow
other = thread(take)
inside.wait()
end(in_child(take))
proceed.set()
other.join()
""",
        emulator.env,
    )


def test_fork_child_fetches_own_token(emulator: AtlasEmulator) -> None:
    run("take(); end(in_child(take)); take()", emulator.env)

    tokens = [request for request in emulator.requests if request.path.endswith("/token")]
    assert len(tokens) == 2


def test_fork_child_opens_own_connections(ready: RawServer) -> None:
    run("take(); end(in_child(lambda: (take(), take()))); take()", access(ready))

    assert [request.connection for request in ready.requests] == [0, 1, 1, 0]


@pytest.fixture
def slow() -> Iterator[RawServer]:
    """Responds to the first request after a GET, and to all others at once."""
    until_read = Until(lambda requests: "GET" in {request.method for request in requests})
    taken = answer(200, queued())
    with RawServer([READ, until_read, taken], always(taken)) as server:
        yield server


CHILDREN = {
    "a child that works": "end(in_child(take))",
    "children that work": "for _ in range(5): end(in_child(take))",
    "a child that drops the client": """
def drop():
    global atlas
    del atlas
    gc.collect()
end(in_child(drop))
""",
    "a child that ends like any program": """
child = os.fork()
if not child: sys.exit(0)
end(child)
""",
    "a child that ends like any program after a call": """
child = os.fork()
if not child: sys.exit(not take())
end(child)
""",
    "a child that becomes another program": """
import subprocess; subprocess.run([sys.executable, "-c", ""], check=True)
""",
    "a child that is killed": """
child = in_child(signal.pause); os.kill(child, signal.SIGKILL); os.waitpid(child, 0)
""",
}
FLAVORS = {
    "sync": "call = thread(lambda: ends.append(take()))",
    "async": "call = thread(lambda: ends.append(asyncio.run(take_async()).id))",
}


@pytest.mark.parametrize("flavor", FLAVORS)
@pytest.mark.parametrize("name", CHILDREN)
def test_fork_leaves_call_in_flight_of_parent_unharmed(
    slow: RawServer, matrix: Matrix, name: str, flavor: str
) -> None:
    begin = f"ends = []\n{FLAVORS[flavor]}\nsys.stdin.readline()\n"
    read = f"atlas.get_snapshot(*PLACE, '{SNAPSHOT_ID}')"
    end = f"\nassert not ends\n{read}\ncall.join(); assert ends\n"

    run(f"{begin}{CHILDREN[name]}{end}", access(slow), when=lambda: slow.wait_for_requests(1))

    first = [request for request in slow.requests if request.connection == 0]
    fault = f"during a call of the parent, {name}"
    matrix.note(
        FORK, fault, call="take_snapshot", flavor=flavor, outcome="unharmed", received=count(first)
    )


def test_fork_child_destructs_nothing_of_parent(silent: RawServer) -> None:
    script = """
def open_descriptors():
    return {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{fd}")}
def drop():
    global atlas, generator
    before = open_descriptors()
    del atlas, generator
    gc.collect()
    after = open_descriptors()
    assert after == before, (before, after)
threading.Thread(target=take, daemon=True).start()
generator = atlas.take_snapshots([REQUEST])
threading.Thread(target=lambda: asyncio.run(take_async()), daemon=True).start()
sys.stdin.readline()
end(in_child(drop))
os._exit(0)
"""

    run(script, access(silent), when=lambda: silent.wait_for_requests(2))


@pytest.fixture
def emulator_with_clock(start_emulator: StartEmulator) -> AtlasEmulator:
    """An emulator whose snapshots complete after 16 responses, with slow POST responses."""
    emulator = start_emulator(tick=10, behaviour=Behaviour(busy_check_lag_seconds=None))
    emulator.fault(Fault(method="POST", path="/backup/", delay=0.2, times=None))
    return emulator


WATCH = """
taken = atlas.take_snapshot(*PLACE)
changes = atlas.watch_snapshot(taken, poll_interval=0.1)
def finish():
    assert [snapshot.status for snapshot in changes][-1] == "completed"
next(changes)
"""
FLEET = """
outcomes = atlas.take_snapshots([REQUEST] * 8, concurrency=4)
def finish(seen=0):
    rest = list(outcomes)
    assert len(rest) == 8 - seen and not any(outcome.error for outcome in rest), rest
def fail_without():
    try: list(outcomes)
    except RuntimeError as error: assert "forked" in str(error); take()
    else: raise AssertionError
"""
ITERATIONS = {
    "a watch goes on on both sides": WATCH + "child = in_child(finish); finish(); end(child)",
    "a watch goes on in another thread": WATCH
    + """
other = thread(finish); time.sleep(0.2); end(in_child(take)); other.join()
""",
    "a fleet goes on in the parent only": FLEET
    + """
next(outcomes); child = in_child(fail_without); finish(seen=1); end(child)
""",
    "a fleet goes on in another thread": FLEET
    + """
other = thread(finish); end(in_child(take)); other.join()
""",
    "a fleet that has not begun is taken on both sides": FLEET
    + """
child = in_child(finish); finish(); end(child)
""",
    "a child drops a fleet": FLEET
    + """
def drop():
    global outcomes
    del outcomes; gc.collect(); take()
next(outcomes); end(in_child(drop)); finish(seen=1)
""",
}


@pytest.mark.parametrize("name", ITERATIONS)
def test_fork_during_iteration(
    emulator_with_clock: AtlasEmulator, matrix: Matrix, name: str
) -> None:
    run(ITERATIONS[name], emulator_with_clock.env)

    call = "take_snapshots" if "fleet" in name else "watch_snapshot"
    received = "as many as it takes"
    matrix.note(FORK, name, call=call, flavor="sync", outcome=BOTH_WORK, received=received)


ASKED = """
from atlas_backups import AccessToken
parent, asked, children = os.getpid(), [], []
def provide():
    asked.append(os.getpid())
    if asked == [parent] * {forks_when_asked}:
        children.append(os.fork())
    return AccessToken(f"t-012345-{{len(asked)}}")
atlas = AtlasBackups(provide)
call = {call}
try:
    call()
except RuntimeError as error:
    assert os.getpid() != parent and "forked" in str(error), error
    take()  # the client works on
    os._exit(0)
assert os.getpid() == parent
end(children[0])
"""
ASKING = {
    "sync": "take",
    "async": "lambda: asyncio.run(take_async())",
    "fleet": "lambda: list(atlas.take_snapshots([REQUEST]))",
}


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("rejections", [0, 1])
def test_fork_in_credentials_callable_leaves_call_to_parent(
    matrix: Matrix, rejections: int, name: str
) -> None:
    rejected: list[Step] = [READ, answer(401, error(401, "UNEXPECTED_ERROR"))]
    taken = always(answer(200, queued()))
    with RawServer([*(rejected * rejections), *taken], taken) as server:
        run(ASKED.format(forks_when_asked=1 + rejections, call=ASKING[name]), access(server))

        # One of the parent, and the new one of the child.
        assert len(server.requests) == rejections + 2
    method, flavor = ("take_snapshots", "sync") if name == "fleet" else ("take_snapshot", name)
    fault = f"in the callable of credentials, asked {'again' if rejections else 'first'}"
    outcome = "the parent takes, the child raises RuntimeError and works on"
    received = count(server.requests)
    matrix.note(FORK, fault, call=method, flavor=flavor, outcome=outcome, received=received)


@pytest.mark.parametrize("call", ["take", "lambda: asyncio.run(take_async())"])
def test_fork_child_with_reused_pid_does_not_wait_for_callable_of_parent(
    ready: RawServer, call: str
) -> None:
    script = f"""
from atlas_backups import AccessToken
os.getpid = lambda: 4321  # as a child's that has the id of an ancestor
parent, asked, proceed = os.getppid(), threading.Event(), threading.Event()
def provide():
    if os.getppid() == parent:
        asked.set(); proceed.wait()
    return AccessToken("t-0123456")
atlas = AtlasBackups(provide)
other = thread(take)
asked.wait()
end(in_child({call}))
proceed.set(); other.join()
"""

    assert run(script, access(ready)) == ""


def test_fork_child_reusing_ancestor_pid_gets_new_runtime(ready: RawServer) -> None:
    # The first process uses the client, the second does not, the third has the first one's id.
    script = """
def first(reaped):
    take()
    chosen = os.getpid()
    if os.fork():
        os._exit(0)
    os.read(reaped, 1)
    status = 7
    while status == 7:  # somebody else may get the id first
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(chosen - 1))
        child = in_child(lambda: take() if os.getpid() == chosen else os._exit(7))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print("ended", status, flush=True)
    os._exit(0)
try:
    os.close(os.open("/proc/sys/kernel/ns_last_pid", os.O_WRONLY))
except OSError:
    print("no ids can be chosen here")
    sys.exit()
wait, go = os.pipe()
end(in_child(lambda: first(wait)))
os.write(go, b".")
"""

    out = run(script, access(ready))

    if "chosen" in out:
        pytest.skip(out)
    assert out == "ended 0\n"
