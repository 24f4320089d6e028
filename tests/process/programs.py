"""Runs short programs in new interpreters, in development mode with warnings as errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.raw_server import RawServer

# A program that takes longer hangs.
PROGRAM_TIMEOUT = 90

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
async def line_read():
    await asyncio.to_thread(sys.stdin.readline)
def in_child(work):
    child = os.fork()
    if not child:
        signal.alarm(60)  # ends a child that hangs
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

# Python 3.12 and later warn of each fork beside threads.
STRICT = ["-X", "dev", "-W", "error", "-W", "ignore:This process:DeprecationWarning"]


def start(
    script: str,
    environment: dict[str, str],
    *,
    flags: Sequence[str] = STRICT,
    before: str = "",
    stdin: int | None = None,
) -> subprocess.Popen[str]:
    """Start a script after the prelude, which provides a client and helpers."""
    return subprocess.Popen(  # noqa: S603  # our own interpreter
        [sys.executable, *flags, "-c", before + PRELUDE + script],
        env={**os.environ, **environment},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(  # noqa: PLR0913  # options, by name
    script: str,
    environment: dict[str, str],
    *,
    flags: Sequence[str] = STRICT,
    before: str = "",
    returncode: int = 0,
    err: str = "",
    when: Callable[[], None] | None = None,
) -> str:
    """Run a script, check its exit status and stderr (a pattern), and return its stdout.

    After `when` has returned, it gets a line of input. Slow-callback messages of asyncio's debug
    mode are ignored.
    """
    stdin = subprocess.PIPE if when else None
    with start(script, environment, flags=flags, before=before, stdin=stdin) as process:
        try:
            if when:
                when()
            out, reported = process.communicate("\n" if when else None, timeout=PROGRAM_TIMEOUT)
        except BaseException:
            process.kill()
            raise
    reported = re.sub(r"^Executing <.* took [0-9.]+ seconds\n", "", reported, flags=re.MULTILINE)
    if process.returncode != returncode or not re.fullmatch(err, reported):
        raise AssertionError(f"ended with {process.returncode}:\n{out}\n{reported}")
    return out


def access(server: RawServer) -> dict[str, str]:
    """Return an environment in which a client needs one request for a call."""
    return {"MONGODB_ATLAS_BASE_URL": server.base_url, "MONGODB_ATLAS_ACCESS_TOKEN": "t-0123456"}


def run_file(path: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run a program file, which must succeed without any output on stderr."""
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, *STRICT, str(path), *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=PROGRAM_TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
