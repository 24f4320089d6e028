"""The command with closed, full or broken standard streams."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import pytest

from atlas_backups.emulator import AtlasEmulator, Fault
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import ReceivedRequest

PROGRAM = ["-m", "atlas_backups", "emulator", "--port", "0"]
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
BROKEN = [
    pytest.param("{}>&-", id="closed"),
    pytest.param("{}>/dev/full", id="full", marks=needs_full_device),
]


class Start(Protocol):
    """Starts the command in a shell with a redirection."""

    def __call__(self, redirection: str) -> subprocess.Popen[str]: ...


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start(stack: ExitStack) -> Start:
    def start(redirection: str) -> subprocess.Popen[str]:
        words = [sys.executable, *PROGRAM]
        process = subprocess.Popen(  # noqa: S603 - our own program
            ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        stack.callback(process.communicate)
        stack.callback(process.kill)
        return process

    return start


def base_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip().removeprefix("Atlas emulator at ")


def status_of_a_request(url: str) -> int:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", "/api/atlas/v2/groups")
        return connection.getresponse().status
    finally:
        connection.close()


def check_responses(process: subprocess.Popen[str], url: str) -> None:
    """Check that each request gets a response, and that SIGTERM stops it with 0."""
    statuses = [status_of_a_request(url) for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    code = process.wait(30)

    assert statuses == [401, 401, 401]
    assert code == 0


@needs_posix
@pytest.mark.parametrize("broken", BROKEN)
def test_unwritable_stderr_does_not_affect_responses(start: Start, broken: str) -> None:
    process = start(broken.format(2))

    check_responses(process, base_url(process))


@needs_posix
def test_closed_stderr_pipe_does_not_affect_responses(start: Start) -> None:
    process = start("")
    url = base_url(process)
    assert process.stderr is not None
    process.stderr.close()

    check_responses(process, url)


@needs_posix
@pytest.mark.parametrize("broken", BROKEN)
def test_unwritable_stdout_is_reported_in_one_line(start: Start, broken: str) -> None:
    process = start(broken.format(1))

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert len(errors.splitlines()) == 1, errors
    assert "cannot write to standard output: " in errors


@needs_posix
def test_closed_stdout_pipe_exits_silently() -> None:
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *PROGRAM],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(write)

    assert (done.returncode, done.stderr) == (1, "")


@needs_posix
def test_closed_standard_streams_exit_with_1(start: Start) -> None:
    process = start("<&- >&- 2>&-")

    assert process.wait(30) == 1


def test_exception_in_log_callback_is_recorded(stack: ExitStack) -> None:
    def log(request: ReceivedRequest) -> None:
        raise LookupError(request.path)

    emulator = stack.enter_context(AtlasEmulator(log=log))

    statuses = [status_of_a_request(emulator.base_url) for _ in range(2)]

    assert statuses == [401, 401]
    assert len(emulator.failures) == 2
    assert "LookupError: /api/atlas/v2/groups" in emulator.failures[0]


def test_exception_in_log_callback_does_not_replace_reset(stack: ExitStack) -> None:
    def log(request: ReceivedRequest) -> None:
        raise LookupError(request.path)

    emulator = stack.enter_context(AtlasEmulator(log=log))
    emulator.fault(Fault(reset="after"))

    with pytest.raises((ConnectionError, socket.timeout)):
        status_of_a_request(emulator.base_url)
    until(lambda: len(emulator.failures) == 1)
