"""The command whose standard streams are closed, full, or without a reader."""

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

PROGRAMS = {
    "package": ["-m", "atlas_backups", "emulator"],
    "module": [
        "-c",
        "import sys; from atlas_backups.emulator.command import main; sys.exit(main(sys.argv[1:]))",
    ],
}
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
BROKEN = [
    pytest.param("{}>&-", id="closed"),
    pytest.param("{}>/dev/full", id="full", marks=needs_full_device),
]


class Start(Protocol):
    """Starts the command in a shell with a redirection."""

    def __call__(self, redirection: str, program: str = ...) -> subprocess.Popen[str]: ...


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start(stack: ExitStack) -> Start:
    def start(redirection: str, program: str = "package") -> subprocess.Popen[str]:
        words = [sys.executable, *PROGRAMS[program], "--port", "0"]
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


def check_that_it_answers(process: subprocess.Popen[str], url: str) -> None:
    """Check that it answers each request, and that SIGTERM then ends it well."""
    statuses = [status_of_a_request(url) for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    code = process.wait(30)

    assert statuses == [401, 401, 401]
    assert code == 0


@needs_posix
@pytest.mark.parametrize("broken", BROKEN)
def test_requests_are_answered_when_the_log_cannot_be_written(start: Start, broken: str) -> None:
    process = start(broken.format(2))

    check_that_it_answers(process, base_url(process))


@needs_posix
def test_requests_are_answered_when_the_reader_of_the_log_has_gone(start: Start) -> None:
    process = start("")
    url = base_url(process)
    assert process.stderr is not None
    process.stderr.close()

    check_that_it_answers(process, url)


@needs_posix
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_standard_output_that_cannot_be_written_gives_one_line(
    start: Start, broken: str, program: str
) -> None:
    process = start(broken.format(1), program)

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert len(errors.splitlines()) == 1, errors
    assert "cannot write to standard output: " in errors


@needs_posix
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_standard_output_without_a_reader_ends_it_without_a_word(program: str) -> None:
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *PROGRAMS[program], "--port", "0"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(write)

    assert (done.returncode, done.stderr) == (1, "")


@needs_posix
@pytest.mark.parametrize("program", PROGRAMS)
def test_without_any_standard_stream_it_exits_with_1(start: Start, program: str) -> None:
    process = start("<&- >&- 2>&-", program)

    assert process.wait(30) == 1


def test_a_log_that_raises_costs_no_answer_and_is_reported(stack: ExitStack) -> None:
    def log(request: ReceivedRequest) -> None:
        raise LookupError(request.path)

    emulator = stack.enter_context(AtlasEmulator(log=log))

    statuses = [status_of_a_request(emulator.base_url) for _ in range(2)]

    assert statuses == [401, 401]
    assert len(emulator.failures) == 2
    assert "LookupError: /api/atlas/v2/groups" in emulator.failures[0]


def test_a_log_that_raises_does_not_replace_a_reset(stack: ExitStack) -> None:
    def log(request: ReceivedRequest) -> None:
        raise LookupError(request.path)

    emulator = stack.enter_context(AtlasEmulator(log=log))
    emulator.fault(Fault(reset="after"))

    with pytest.raises((ConnectionError, socket.timeout)):
        status_of_a_request(emulator.base_url)
    until(lambda: len(emulator.failures) == 1)
