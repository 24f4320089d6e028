"""The command `atlas-backups emulator`: its output, options, signals and standard streams."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from atlas_backups.emulator import AtlasEmulator, Fault
from atlas_backups.emulator.command import main
from atlas_backups.emulator.seed import DEFAULT_GROUP_ID
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import ReceivedRequest

GROUPS = "/api/atlas/v2/groups"
PROGRAM = [sys.executable, "-W", "error", "-m", "atlas_backups", "emulator", "--port", "0"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
BROKEN = [
    pytest.param("{}>&-", id="closed"),
    pytest.param("{}>/dev/full", id="full", marks=needs_full_device),
]


class Start(Protocol):
    """Starts the command with arguments, in a shell with a redirection."""

    def __call__(self, *arguments: str, redirection: str = "") -> subprocess.Popen[str]: ...


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start(stack: ExitStack) -> Start:
    def start(*arguments: str, redirection: str = "") -> subprocess.Popen[str]:
        command = [*PROGRAM, *arguments]
        if redirection:
            command = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *command]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        stack.callback(process.communicate)
        stack.callback(process.kill)
        return process

    return start


def welcome(process: subprocess.Popen[str]) -> list[str]:
    """Return the lines that the command prints at its start."""
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("Ctrl-C"):
            break
    return lines


def base_url(process: subprocess.Popen[str]) -> str:
    return welcome(process)[0].removeprefix("Atlas emulator at ")


def send(url: str, body: bytes | None = None, token: str = "") -> tuple[int, bytes, str]:
    """Send a request; return the status, the body and the challenge of the response."""
    request = urllib.request.Request(url, data=body)
    request.add_header("Accept", "application/vnd.atlas.2025-03-12+json")
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {token}" if token else "none")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read(), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers["WWW-Authenticate"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_prints_usage_and_stops_on_signal(start: Start, number: signal.Signals) -> None:
    process = start()
    lines = welcome(process)
    url = lines[0].removeprefix("Atlas emulator at ")

    status, _, _ = send(url + GROUPS, token="emulator-only-access-token")
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    words = [line.removeprefix("export ") for line in lines if line.startswith("export ")]
    exports = dict(word.split("=", 1) for word in words)
    assert exports["MONGODB_ATLAS_BASE_URL"] == url
    assert exports["MONGODB_ATLAS_OPS_MANAGER_URL"] == url
    assert set(exports) == set(AtlasEmulator(port=1).env)
    assert sum(line.startswith("curl ") for line in lines) == 2
    assert (status, process.returncode) == (200, 0)
    assert errors == "GET /api/atlas/v2/groups -> 200\nstopped\n"


def test_command_quiet_logs_nothing(start: Start) -> None:
    process = start("--quiet", "--snapshot-seconds", "0", "--digest-algorithm", "SHA-256")

    _, _, challenge = send(base_url(process) + GROUPS)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert "algorithm=SHA-256" in challenge
    assert (process.returncode, errors) == (0, "stopped\n")


@pytest.mark.parametrize(
    ("arguments", "found", "missing", "taken"),
    [
        ([], 1, 0, 200),
        (["--sharded-in-plain-endpoints", "--no-retention-required"], 1, 0, 200),
        (["--no-sharded-in-plain-endpoints"], 0, 1, 200),
        (["--retention-required"], 1, 0, 400),
    ],
)
def test_command_options_set_behaviour(
    start: Start, arguments: list[str], found: int, missing: int, taken: int
) -> None:
    url = base_url(start("--quiet", *arguments))
    url += f"{GROUPS}/{DEFAULT_GROUP_ID}/clusters/Sharded0/backup/snapshots"
    token = "emulator-only-access-token"

    whole = json.loads(send(f"{url}/shardedClusters", token=token)[1])["results"]
    plain = json.loads(send(url, token=token)[1])["results"]
    status, _, _ = send(url, b"{}", token=token)

    assert (len(plain), len(whole) - len(plain), status) == (found, missing, taken)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "x"],
        ["--port", "65536"],
        ["--port", "-1"],
        ["--host", "0.0.0.0"],  # noqa: S104 - the point
        ["--snapshot-seconds", "-1"],
        ["--snapshot-seconds", "nan"],
        ["--snapshot-seconds", "inf"],
        ["--unknown"],
    ],
)
def test_command_bad_usage_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_command_reports_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with AtlasEmulator() as emulator:
        port = emulator.base_url.rsplit(":", 1)[1]

        code = main(["--port", port])

    assert code == 1
    assert capsys.readouterr().err.startswith(f"cannot listen on port {port}: ")


def test_command_restores_signal_handlers() -> None:
    before = signal.getsignal(signal.SIGINT)

    def stop() -> None:
        until(lambda: signal.getsignal(signal.SIGINT) is not before)
        os.kill(os.getpid(), signal.SIGINT)

    stopper = threading.Thread(target=stop)
    stopper.start()
    code = main(["--quiet"])
    stopper.join()

    assert code == 0
    assert signal.getsignal(signal.SIGINT) is before


def check_responses(process: subprocess.Popen[str], url: str) -> None:
    """Check that each request gets a response, and that SIGTERM stops it with 0."""
    statuses = [send(url + GROUPS)[0] for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    code = process.wait(30)

    assert statuses == [401, 401, 401]
    assert code == 0


@needs_posix
@pytest.mark.parametrize("broken", BROKEN)
def test_unwritable_stderr_does_not_affect_responses(start: Start, broken: str) -> None:
    process = start(redirection=broken.format(2))

    check_responses(process, base_url(process))


@needs_posix
def test_closed_stderr_pipe_does_not_affect_responses(start: Start) -> None:
    process = start()
    url = base_url(process)
    assert process.stderr is not None
    process.stderr.close()

    check_responses(process, url)


@needs_posix
@pytest.mark.parametrize("broken", BROKEN)
def test_unwritable_stdout_is_reported_in_one_line(start: Start, broken: str) -> None:
    process = start(redirection=broken.format(1))

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert len(errors.splitlines()) == 1, errors
    assert "cannot write to standard output: " in errors


@needs_posix
def test_closed_stdout_pipe_exits_silently() -> None:
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(  # noqa: S603 - our own program
        PROGRAM,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    os.close(write)

    assert (done.returncode, done.stderr) == (1, "")


@needs_posix
def test_closed_standard_streams_exit_with_1(start: Start) -> None:
    process = start(redirection="<&- >&- 2>&-")

    assert process.wait(30) == 1


def test_exception_in_log_callback_is_recorded(stack: ExitStack) -> None:
    def log(request: ReceivedRequest) -> None:
        raise LookupError(request.path)

    emulator = stack.enter_context(AtlasEmulator(log=log))

    statuses = [send(emulator.base_url + GROUPS)[0] for _ in range(2)]

    assert statuses == [401, 401]
    assert len(emulator.failures) == 2
    assert "LookupError: /api/atlas/v2/groups" in emulator.failures[0]


def test_exception_in_log_callback_does_not_replace_reset(stack: ExitStack) -> None:
    def log(request: ReceivedRequest) -> None:
        raise LookupError(request.path)

    emulator = stack.enter_context(AtlasEmulator(log=log))
    emulator.fault(Fault(reset="after"))

    with pytest.raises((ConnectionError, socket.timeout)):
        send(emulator.base_url + GROUPS)[0]
    until(lambda: len(emulator.failures) == 1)
