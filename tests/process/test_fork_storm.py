"""Forks at random times: the child must not need a lock that another thread of the parent held."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.process.programs import access, run, run_file

if TYPE_CHECKING:
    from tests.raw_server import RawServer

# The group changes, so that no rate limit applies.
STORM = """
import itertools
atlas = AtlasBackups(base_url=os.environ["MONGODB_ATLAS_BASE_URL"].replace("127.0.0.1", HOST))
stop, numbers = threading.Event(), itertools.count()
def place():
    return f"66b0c1d2e3f4a5b6{next(numbers) // 500:08x}", "Cluster0"
def take():
    atlas.take_snapshot(*place())
async def take_async():
    await atlas.take_snapshot_async(*place())
def hammer():
    while not stop.is_set(): take()
async def hammer_async():
    async def one():
        while not stop.is_set(): await take_async()
    await asyncio.gather(*(one() for _ in range(8)))
hammers = [thread(hammer) for _ in range(4)] + [thread(lambda: asyncio.run(hammer_async()))]
until = time.monotonic() + 2.5
try:
    for number in itertools.count():
        end(in_child(lambda: asyncio.run(take_async()) if number % 2 else take()))
        if number >= 20 and time.monotonic() > until: break
finally:
    stop.set()
for hammer in hammers: hammer.join()
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_fork_storm_during_calls(ready: RawServer, host: str) -> None:
    # A child that hangs is killed after a minute, and the program fails.
    assert run(f"HOST = {host!r}\n{STORM}", access(ready)) == ""


# Each call has its own client, so it resolves the name while the process forks.
LOOKUP = """
base_url = os.environ["MONGODB_ATLAS_BASE_URL"].replace("127.0.0.1", "localhost")
def take():
    AtlasBackups(base_url=base_url).take_snapshot(*PLACE)
for pause in (0.01, 0.03, 0.05):
    other = thread(take)
    time.sleep(pause)
    end(in_child(take))
    other.join()
    take()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="preloads a library of Linux")
def test_fork_during_name_resolution(ready: RawServer, tmp_path: Path) -> None:
    # A child that inherits a locked mutex of the C library deadlocks; without a guard one in 1000.
    source, library = Path(__file__).with_name("locked_lookups.rs"), tmp_path / "lookups.so"
    build = ["rustc", "--edition=2024", "--crate-type=cdylib", str(source), "-o", str(library)]
    subprocess.run(build, check=True)  # the compiler of the core  # noqa: S603

    assert run(LOOKUP, access(ready) | {"LD_PRELOAD": str(library)}) == ""


def test_forks_leak_nothing() -> None:
    run_file(Path(__file__).parents[2] / "benches" / "fork_loop.py", "--forks", "60")
