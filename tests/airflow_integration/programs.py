"""Programs that a test starts, kills and restarts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_POLL_SECONDS = 0.1


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: It does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not in {seconds:.0f} s: {what}")
        time.sleep(_POLL_SECONDS)


class Program:
    """One program in its own session; its output is written to a file.

    Args:
        command: The program and its arguments.
        environment: All of its environment.
        log: Where its output is appended.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running program."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        """Its output so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a command of the test's own
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it and its children."""
        process, self._process = self._process, None
        if process is not None:
            # A child may have its own session.
            for pid in (*descendants(process.pid), process.pid):
                kill(pid)
            process.wait()


def kill(pid: int) -> None:
    """Send SIGKILL to a process that may have exited."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def parent(pid: int) -> int:
    """Return the id of a process's parent."""
    return _parents()[pid]


def descendants(pid: int) -> list[int]:
    """Return all descendants of a process."""
    parents = _parents()
    found = [pid]
    for candidate in found:
        found += [child for child, of in parents.items() if of == candidate]
    return found[1:]


def resident_mebibytes(pid: int) -> float:
    """Return how much memory a process and its descendants use, pages that they share counted once.

    It is the sum of their proportional set sizes.
    """
    kibibytes = 0
    for member in (pid, *descendants(pid)):
        rollup = Path(f"/proc/{member}/smaps_rollup").read_text(encoding="ascii")
        kibibytes += sum(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line)
    return kibibytes / 1024


def _parents() -> dict[int, int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                # The program's name is in brackets and may contain anything.
                parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    return parents
