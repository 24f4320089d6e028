from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import AtlasEmulator
from atlas_backups.emulator.command import main
from atlas_backups.emulator.seed import DEFAULT_GROUP_ID
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = (
    "import sys; from atlas_backups.emulator.command import main; sys.exit(main(sys.argv[1:]))"
)


class Running:
    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        self.url = self.lines[0].removeprefix("Atlas emulator at ")

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def started() -> Iterator[list[Running]]:
    found: list[Running] = []
    yield found
    for running in found:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_prints_usage_and_stops_on_signal(
    started: list[Running], number: signal.Signals
) -> None:
    running = Running("--port", "0")
    started.append(running)

    words = [line.split(" ", 1)[1] for line in running.lines if line.startswith("export ")]
    exports = dict(word.split("=", 1) for word in words)
    request = urllib.request.Request(f"{running.url}/api/atlas/v2/groups")
    request.add_header("Accept", "application/vnd.atlas.2025-03-12+json")
    request.add_header("Authorization", "Bearer emulator-only-access-token")
    with urllib.request.urlopen(request, timeout=30) as response:
        status = response.status
    code, errors = running.stop(number)

    assert exports["MONGODB_ATLAS_BASE_URL"] == running.url
    assert exports["MONGODB_ATLAS_OPS_MANAGER_URL"] == running.url
    assert set(exports) == {
        "MONGODB_ATLAS_BASE_URL",
        "MONGODB_ATLAS_OPS_MANAGER_URL",
        "MONGODB_ATLAS_CLIENT_ID",
        "MONGODB_ATLAS_CLIENT_SECRET",
        "MONGODB_ATLAS_PUBLIC_API_KEY",
        "MONGODB_ATLAS_PRIVATE_API_KEY",
        "MONGODB_ATLAS_PROJECT_ID",
    }
    assert sum(line.startswith("curl ") for line in running.lines) == 2
    assert status == 200
    assert code == 0
    assert errors == "GET /api/atlas/v2/groups -> 200\nstopped\n"


def test_command_quiet_logs_nothing(started: list[Running]) -> None:
    running = Running("--quiet", "--snapshot-seconds", "0", "--digest-algorithm", "SHA-256")
    started.append(running)

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{running.url}/api/atlas/v2/groups", timeout=30)
    challenge = caught.value.headers["WWW-Authenticate"]
    caught.value.close()
    code, errors = running.stop(signal.SIGINT)

    assert "algorithm=SHA-256" in challenge
    assert (code, errors) == (0, "stopped\n")


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
    started: list[Running], arguments: list[str], found: int, missing: int, taken: int
) -> None:
    running = Running("--quiet", *arguments)
    started.append(running)
    path = f"/api/atlas/v2/groups/{DEFAULT_GROUP_ID}/clusters/Sharded0/backup/snapshots"

    whole = json.loads(answer(running, f"{path}/shardedClusters")[1])["results"]
    plain = json.loads(answer(running, path)[1])["results"]
    status, _ = answer(running, path, b"{}")

    assert len(plain) == found
    assert len(whole) - len(plain) == missing
    assert status == taken


def answer(running: Running, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(running.url + path, data=body)
    request.add_header("Accept", "application/vnd.atlas.2025-03-12+json")
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", "Bearer emulator-only-access-token")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


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
