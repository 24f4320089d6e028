"""Out of threads or descriptors: a call fails with an error, and a later one works."""

from __future__ import annotations

import sys

import pytest

from tests.bodies import queued
from tests.process.programs import access, run
from tests.raw_server import RawServer, always, answer

PROGRAM = """
import contextlib, resource
from atlas_backups import TransportError
@contextlib.contextmanager
def limited(kind, most):
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (most, before[1]))
    try: yield
    finally: resource.setrlimit(kind, before)
@contextlib.contextmanager
def no_threads():
    if not os.geteuid(): os.setuid(65534)  # root is not bound
    with limited(resource.RLIMIT_NPROC, 0): yield
@contextlib.contextmanager
def no_descriptors():
    taken = []
    with limited(resource.RLIMIT_NOFILE, 64):
        with contextlib.suppress(OSError):
            while True: taken.append(os.dup(0))
        try: yield
        finally: list(map(os.close, taken))
def fail_without(call):
    with {limit}():
        try: call()
        except TransportError as error:
            assert not isinstance(error, ValueError)
            print(str(error).partition(":")[0])
        else: raise AssertionError
    assert call()
async def fail_without_async():
    with {limit}():
        try: await take_async()
        except TransportError as error: print(str(error).partition(":")[0])
        else: raise AssertionError
    assert await take_async()
def fleet():
    (outcome,) = atlas.take_snapshots([REQUEST])
    if outcome.error: raise outcome.error
    return outcome.snapshot
{run}
"""
NO_THREAD = "no thread for the network\n"
RUNS = {
    "sync": "fail_without(take)",
    "async": "asyncio.run(fail_without_async())",
    "fleet": "fail_without(fleet)",
    "in a forked child": "take(); end(in_child(lambda: (fail_without(take), sys.stdout.flush())))",
    "in a forked child, async": """
take(); end(in_child(lambda: (asyncio.run(fail_without_async()), sys.stdout.flush())))
""",
}


@pytest.mark.parametrize("way", RUNS.values(), ids=RUNS.keys())
@pytest.mark.parametrize("limit", ["no_threads", "no_descriptors"])
def test_call_without_resources_fails_and_next_one_works(
    ready: RawServer, limit: str, way: str
) -> None:
    out = run(PROGRAM.format(limit=limit, run=way), access(ready))

    assert out == NO_THREAD


def test_loop_without_descriptors_fails_and_next_one_works(ready: RawServer) -> None:
    script = PROGRAM.format(limit="no_descriptors", run="take(); asyncio.run(fail_without_async())")

    assert run(script, access(ready)) == "no pipe to the loop\n"


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is not kept elsewhere")
@pytest.mark.parametrize("free_mib", [1, 3, 8, 16])
def test_response_that_does_not_fit_in_memory_raises(free_mib: int) -> None:
    body = {**queued(), "unknown": "y" * 6_000_000}
    script = f"""
import resource
from atlas_backups import AtlasError
with open("/proc/self/statm") as statm:
    size = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + {free_mib} * 2**20,) * 2)
try: atlas.get_snapshot(*PLACE, "6" * 24)
except (AtlasError, MemoryError): print("raised")
"""
    with RawServer(always(answer(200, body))) as server:
        assert run(script, access(server)) == "raised\n"
