"""Processes with one `token_cache`: a hundred concurrent ones, forks, a killed one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and inherited pipes")

TAKE = {
    "sync": f'atlas.take_snapshot("{GROUP_ID}", "{CLUSTER_NAME}")',
    "async": f'asyncio.run(atlas.take_snapshot_async("{GROUP_ID}", "{CLUSTER_NAME}"))',
}
SCRIPT = """
import asyncio, os, sys
from atlas_backups import AtlasBackups
atlas = AtlasBackups(token_cache=sys.argv[1])
os.read(int(sys.argv[2]), 1)  # ends when the test closes the other side, for all at once
"""


def asked(emulator: AtlasEmulator, what: str) -> int:
    return sum(request.path.endswith(what) for request in emulator.requests)


def start(script: str, emulator: AtlasEmulator, *arguments: str, go: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, "-W", "error", "-c", SCRIPT + script, *arguments, str(go)],
        env={**os.environ, **emulator.env},
        pass_fds=[go],
        stderr=subprocess.PIPE,
        text=True,
    )


def run(count: int, script: str, emulator: AtlasEmulator, cache: Path) -> None:
    """Run it in so many processes that start together; each must end well and say nothing."""
    wait, go = os.pipe()
    with ExitStack() as stack:
        try:
            processes = [
                stack.enter_context(start(script, emulator, str(cache), go=wait))
                for _ in range(count)
            ]
        finally:
            os.close(wait)
            os.close(go)
        ends = [process.communicate(timeout=300)[1] for process in processes]
        assert ends == [""] * count
        assert [process.returncode for process in processes] == [0] * count


@pytest.mark.timeout(400)
def test_hundred_concurrent_processes_fetch_one_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path
) -> None:
    emulator.fault(Fault(path="/oauth/", delay=0.2))

    run(100, TAKE[flavor.name], emulator, cache)

    assert (asked(emulator, "/token"), asked(emulator, "/snapshots")) == (1, 100)
    assert asked(emulator, "/revoke") == 0
    assert {request.status for request in emulator.requests} == {200}
    assert sorted(path.name for path in cache.parent.iterdir()) == [
        cache.name,
        f"{cache.name}.lock",
    ]
    assert len(json.loads(cache.read_text())["tokens"]) == 1


def test_processes_with_an_expired_token_fetch_one_more(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path
) -> None:
    run(1, TAKE[flavor.name], emulator, cache)
    emulator.forget_tokens()
    emulator.clear_requests()

    run(12, TAKE[flavor.name], emulator, cache)

    assert asked(emulator, "/token") == 1


FORKS = {
    "before first use": ("child = os.fork(); take(); end(child)", 2),
    "after first use": ("take(); child = os.fork(); take(); end(child)", 3),
    "closed in the child": ("take(); child = os.fork(); child or atlas.close(); end(child)", 1),
}


@pytest.mark.parametrize(("script", "takes"), FORKS.values(), ids=FORKS.keys())
def test_parent_and_forked_child_share_the_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path, script: str, takes: int
) -> None:
    prelude = f"""
import warnings; warnings.simplefilter("ignore", DeprecationWarning)  # forks beside threads
def take():
    {TAKE[flavor.name]}
def end(child):
    if not child:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""

    run(1, prelude + script, emulator, cache)

    assert (asked(emulator, "/token"), asked(emulator, "/snapshots")) == (1, takes)
    assert asked(emulator, "/revoke") == 0


def test_child_forked_during_a_fetch_releases_the_lock(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path
) -> None:
    emulator.fault(Fault(path="/oauth/", delay=0.5))
    script = f"""
import signal, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)
def take():
    {TAKE[flavor.name]}
other = threading.Thread(target=take); other.start()
while not os.path.exists(sys.argv[1] + ".lock"): time.sleep(0.01)
child = os.fork()
if not child:
    time.sleep(60)
try:
    other.join()
    os.remove(sys.argv[1])
    atlas = AtlasBackups(token_cache=sys.argv[1], total_timeout=10)
    take()
finally:
    os.kill(child, signal.SIGKILL); os.waitpid(child, 0)
"""

    run(1, script, emulator, cache)

    assert (asked(emulator, "/token"), asked(emulator, "/snapshots")) == (2, 2)


def test_killed_process_releases_its_lock(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path
) -> None:
    emulator.fault(Fault(path="/oauth/", delay=60))
    wait, go = os.pipe()
    with start(TAKE[flavor.name], emulator, str(cache), go=wait) as process:
        os.close(wait)
        os.close(go)
        until(lambda: emulator.requests)
        process.kill()
        process.communicate()

    run(3, TAKE[flavor.name], emulator, cache)

    assert asked(emulator, "/token") == 2
