"""What several tests of the command line look at, and wait for."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups.emulator import AtlasEmulator, EmulatedSnapshot

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Inside = Callable[..., tuple[int, str, str]]

SNAPSHOTS = "/backup/snapshots"


def on_demand(emulator: AtlasEmulator) -> list[str]:
    return [item.id for item in emulator.snapshots if item.status in {"queued", "inProgress"}]


def newest(emulator: AtlasEmulator) -> EmulatedSnapshot:
    """The newest snapshot of Cluster0."""
    return [item for item in emulator.snapshots if item.cluster_name == "Cluster0"][-1]


def requests(emulator: AtlasEmulator, method: str) -> int:
    """How many requests about snapshots there were."""
    return sum(item.method == method and SNAPSHOTS in item.path for item in emulator.requests)


def error_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one line of JSON on stderr, with nothing on stdout."""
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    error: dict[str, Any] = json.loads(line)["error"]
    return error


@contextmanager
def started(env: dict[str, str], *words: str) -> Generator[subprocess.Popen[str]]:
    """The program, running; `communicate` gives what it wrote."""
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "atlas_backups", *words],
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
