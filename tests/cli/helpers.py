"""Starts the program, with pipes or on a terminal, and reads what the emulator received."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups.emulator import AtlasEmulator, EmulatedSnapshot

    Run = Callable[..., "Done"]

PROGRAM = [sys.executable, "-m", "atlas_backups"]
SNAPSHOTS = "/backup/snapshots"
_SECONDS = 60


class Done(NamedTuple):
    """The exit status of the program, and its output."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """The one line of JSON on stderr, with nothing on stdout."""
        assert self.out == ""
        (line,) = self.err.splitlines()
        error: dict[str, Any] = json.loads(line)["error"]
        return error


def on_demand(emulator: AtlasEmulator) -> list[str]:
    """Return the ids of unfinished snapshots."""
    return [item.id for item in emulator.snapshots if item.status in {"queued", "inProgress"}]


def newest(emulator: AtlasEmulator) -> EmulatedSnapshot:
    """Return the newest snapshot of Cluster0."""
    return [item for item in emulator.snapshots if item.cluster_name == "Cluster0"][-1]


def requests(emulator: AtlasEmulator, method: str) -> int:
    """Count the requests about snapshots."""
    return sum(item.method == method and SNAPSHOTS in item.path for item in emulator.requests)


@contextmanager
def started(env: dict[str, str], *words: str) -> Generator[subprocess.Popen[str]]:
    """Start the program; `communicate` returns its output."""
    with subprocess.Popen(  # noqa: S603  # our own program
        [*PROGRAM, *words],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run_on_terminal(
    env: dict[str, str],
    *words: str,
    at: str | None = None,
    then: str | signal.Signals = signal.SIGINT,
    **changes: str,
) -> tuple[int, str]:
    """Run the program on a terminal; return its status and all output.

    Once the output contains `at`, `then` is typed or sent as a signal.
    """
    controller, terminal = os.openpty()
    with subprocess.Popen(  # noqa: S603  # our own program
        [*PROGRAM, *words],
        env={**env, "COLUMNS": "80", **changes},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        output = b""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            try:
                piece = os.read(controller, 4096)
            except OSError:  # Linux: the other side has closed
                break
            if not piece:
                break
            output += piece
            if at is not None and at.encode() in output:
                if isinstance(then, str):
                    os.write(controller, then.encode())
                else:
                    process.send_signal(then)
                at = None
        os.close(controller)
        status = process.wait(timeout=_SECONDS)
    return status, output.decode().replace("\r\n", "\n")
