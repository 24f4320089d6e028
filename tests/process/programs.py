"""Real interpreters, each with a program of a few lines, in the strictest mode that Python has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.raw_server import RawServer

# Far beyond what any of them may take, on whatever machine: one that is under way then hangs.
LONGEST_PROGRAM_SECONDS = 90

PRELUDE = f"""
import asyncio, gc, os, signal, sys, threading, time
from atlas_backups import AtlasBackups, SnapshotRequest
atlas = AtlasBackups()
PLACE = "{GROUP_ID}", "{CLUSTER_NAME}"
REQUEST = SnapshotRequest(group_id=PLACE[0], cluster_name=PLACE[1])
def take():
    return atlas.take_snapshot(*PLACE).id
def take_async():
    return atlas.take_snapshot_async(*PLACE)
async def told():
    await asyncio.to_thread(sys.stdin.readline)
def in_child(work):
    child = os.fork()
    if not child:
        signal.alarm(60)  # a child that hangs is ended
        try:
            work()
        except BaseException as error:
            print("in the child:", repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child
def end(child):
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, status
def thread(target):
    started = threading.Thread(target=target)
    started.start()
    return started
"""

# From 3.12 on Python advises against every fork beside threads: here they are the point.
STRICT = ["-X", "dev", "-W", "error", "-W", "ignore:This process:DeprecationWarning"]


def start(
    script: str,
    environment: dict[str, str],
    *,
    flags: Sequence[str] = STRICT,
    before: str = "",
    stdin: int | None = None,
) -> subprocess.Popen[str]:
    """Start a script that finds a client, and ways to use it, already there."""
    return subprocess.Popen(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, *flags, "-c", before + PRELUDE + script],
        env={**os.environ, **environment},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(  # noqa: PLR0913  # what differs from one program to another, by name
    script: str,
    environment: dict[str, str],
    *,
    flags: Sequence[str] = STRICT,
    before: str = "",
    returncode: int = 0,
    err: str = "",
    when: Callable[[], None] | None = None,
) -> str:
    """Run a script that must end, with that status, and say just that; return what it prints.

    Where it waits for a line of input, it gets one once `when` has returned. What it says on
    standard error is a pattern. What asyncio says in its debug mode of a machine that is slow is
    no matter.
    """
    stdin = subprocess.PIPE if when else None
    with start(script, environment, flags=flags, before=before, stdin=stdin) as process:
        try:
            if when:
                when()
            out, said = process.communicate("\n" if when else None, timeout=LONGEST_PROGRAM_SECONDS)
        except BaseException:
            process.kill()
            raise
    said = re.sub(r"^Executing <.* took [0-9.]+ seconds\n", "", said, flags=re.MULTILINE)
    if process.returncode != returncode or not re.fullmatch(err, said):
        raise AssertionError(f"ended with {process.returncode}:\n{out}\n{said}")
    return out


def access(server: RawServer) -> dict[str, str]:
    """Return the environment in which a client needs one request for a call."""
    return {"MONGODB_ATLAS_BASE_URL": server.base_url, "MONGODB_ATLAS_ACCESS_TOKEN": "t-0123456"}
