"""A child forked during a fetch does not hold the lock of its killed parent."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor
    from tests.token_cache.conftest import Sharing

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

# The parent forks once a thread of it holds the lock. The child goes on when the parent has ended.
SCRIPT = """
import asyncio, fcntl, os, sys, threading, time
from atlas_backups import AtlasBackups
def take(**options):
    atlas = AtlasBackups(token_cache=sys.argv[1], **options)
    {take}
def is_locked():
    if not os.path.exists(sys.argv[1] + ".lock"):
        return False
    with open(sys.argv[1] + ".lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
parent, wait_for_end = os.getpid(), os.pipe()
threading.Thread(target=take, daemon=True).start()
while not is_locked(): time.sleep(0.05)
child = os.fork()
if child:
    print("forked", flush=True)
    time.sleep(60)
while os.getppid() == parent: time.sleep(0.01)
sys.stdin.readline()
{then}
os._exit(0)
"""


def take(flavor: ClientFlavor) -> str:
    if flavor.name == "sync":
        return f'atlas.take_snapshot("{GROUP_ID}", "{CLUSTER_NAME}")'
    return f'asyncio.run(atlas.take_snapshot_async("{GROUP_ID}", "{CLUSTER_NAME}"))'


def start(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path, then: str
) -> subprocess.Popen[str]:
    script = SCRIPT.format(take=take(flavor), then=then)
    return subprocess.Popen(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, "-W", "ignore", "-c", script, str(cache)],
        env={**os.environ, **emulator.env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_once_forked(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdout.readline() == "forked\n"
    process.kill()
    process.wait(timeout=60)


def test_other_process_fetches_while_a_child_of_the_killed_process_lives(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    sharing: Sharing,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    emulator.fault(Fault(path="/oauth/", delay=60))
    with start(flavor, emulator, cache, "pass") as process:
        kill_once_forked(process)

        flavor.take(sharing(total_timeout=20))

        # It took the lock, so it shares what it fetched.
        assert not caplog.records
        flavor.take(sharing(total_timeout=20))
        process.communicate("\n", timeout=60)
    tokens = [request for request in emulator.requests if request.path.endswith("/token")]
    assert len(tokens) == 2


def test_child_of_a_killed_process_fetches_at_once(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path
) -> None:
    emulator.fault(Fault(path="/oauth/", delay=60))
    then = "take(total_timeout=20); print('taken', os.path.exists(sys.argv[1]), flush=True)"
    with start(flavor, emulator, cache, then) as process:
        kill_once_forked(process)

        out, err = process.communicate("\n", timeout=60)

    # Only who holds the lock writes the file.
    assert (out, err) == ("taken True\n", "")
