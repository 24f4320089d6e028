"""Forks at any moment: no lock that another thread held then may be needed in the child."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.process.programs import LONGEST_PROGRAM_SECONDS, access, run

if TYPE_CHECKING:
    from tests.raw_server import RawServer

# The group changes, so that no rate limit holds anybody back.
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
def test_a_client_that_is_hammered(ready: RawServer, host: str) -> None:
    # A child that hangs is ended after a minute, and the program with it.
    assert run(f"HOST = {host!r}\n{STORM}", access(ready)) == ""


# The second call has a client of its own, so it looks the name up while the process forks.
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


@pytest.mark.skipif(sys.platform != "linux", reason="it stands before the C library of Linux")
def test_a_lookup_that_a_fork_meets(ready: RawServer, tmp_path: Path) -> None:
    # The C library's locks, held for moments, have stopped children for ever: about one in 1000.
    source, library = Path(__file__).with_name("locked_lookups.rs"), tmp_path / "lookups.so"
    build = ["rustc", "--edition=2024", "--crate-type=cdylib", str(source), "-o", str(library)]
    subprocess.run(build, check=True)  # the compiler of the core  # noqa: S603

    assert run(LOOKUP, access(ready) | {"LD_PRELOAD": str(library)}) == ""


def test_forks_leave_nothing_behind() -> None:
    loop = Path(__file__).parents[2] / "benches" / "fork_loop.py"

    ended = subprocess.run(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, str(loop), "--forks", "60"],
        capture_output=True,
        text=True,
        timeout=LONGEST_PROGRAM_SECONDS,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
