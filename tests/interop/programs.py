"""Runs third-party servers."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

LONGEST_SECONDS = 10


@contextmanager
def listening(command: Sequence[str], port: int, root: Path) -> Generator[None]:
    """Run a server inside the context; its output goes to a file in `root`."""
    with (root / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603  # as found
        try:
            _wait_until_it_listens(process, port, root)
            yield
        finally:
            process.terminate()
            try:
                process.wait(LONGEST_SECONDS)
            except subprocess.TimeoutExpired:  # Apache's httpd does not heed every SIGTERM
                process.kill()
                process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, root: Path) -> None:
    until = time.monotonic() + LONGEST_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    logs = [root / "output", root / "error.log"]
    said = "".join(log.read_text(errors="replace") for log in logs if log.exists())
    pytest.fail(f"{process.args!r} does not listen: {said}")
