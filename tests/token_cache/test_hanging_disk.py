"""A token cache on a hanging disk delays a call by seconds, never beyond its timeout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="it stands before the C library of Linux"
)

# The watchdog ends a program that hangs with it; each part prints what came of it in what time.
SCRIPT = """
import asyncio, logging, os, signal, sys, threading, time
from atlas_backups import AtlasBackups, RequestTimeoutError
signal.alarm(40)
logging.basicConfig(format="%(message)s", stream=sys.stdout)
PLACE = {place}
def make(**options):
    return AtlasBackups(token_cache=sys.argv[1], **options)
def take(atlas):
    return {take}
def hang():
    open(os.environ["HANGS"], "w").close()
def recover():
    os.remove(os.environ["HANGS"])
def timed(work):
    begun = time.monotonic()
    try:
        work()
        ended = "done"
    except RequestTimeoutError as error:
        ended = str(error)
    return ended, time.monotonic() - begun
"""


@pytest.fixture(scope="session")
def hanging_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).with_name("hanging_files.rs")
    library = tmp_path_factory.mktemp("hanging") / "files.so"
    build = ["rustc", "--edition=2024", "--crate-type=cdylib", str(source), "-o", str(library)]
    subprocess.run(build, check=True)  # the compiler of the core  # noqa: S603
    return library


@pytest.fixture(params=["open", "rename"])
def environment(
    request: pytest.FixtureRequest, emulator: AtlasEmulator, hanging_files: Path, tmp_path: Path
) -> dict[str, str]:
    return {
        **emulator.env,
        "LD_PRELOAD": str(hanging_files),
        "HANGING": request.param,
        "HANGS": str(tmp_path / "hangs"),
    }


def run(flavor: ClientFlavor, script: str, environment: dict[str, str], tmp_path: Path) -> str:
    calls = {
        "sync": "atlas.take_snapshot(*PLACE)",
        "async": "asyncio.run(atlas.take_snapshot_async(*PLACE))",
    }
    prelude = SCRIPT.format(place=(GROUP_ID, CLUSTER_NAME), take=calls[flavor.name])
    ended = subprocess.run(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, "-c", prelude + script, str(tmp_path / "on-disk.json")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_call_continues_without_a_hanging_file(
    flavor: ClientFlavor, emulator: AtlasEmulator, environment: dict[str, str], tmp_path: Path
) -> None:
    script = """
atlas = make(); hang()
ended, seconds = timed(lambda: take(atlas))
assert ended == "done" and seconds < 10, (ended, seconds)
ended, seconds = timed(lambda: take(atlas))
assert ended == "done" and seconds < 1, (ended, seconds)
ended, seconds = timed(atlas.close)
assert ended == "done" and seconds < 1, (ended, seconds)
os._exit(0)
"""

    out = run(flavor, script, environment, tmp_path)

    (line,) = out.splitlines()
    assert line.startswith("token_cache cannot be used, the token stays in memory")
    assert "does not answer" in line
    assert [request.path.rsplit("/", 1)[-1] for request in emulator.requests][:3] == [
        "token",
        "snapshots",
        "snapshots",
    ]


def test_call_with_a_hanging_file_times_out(
    flavor: ClientFlavor, environment: dict[str, str], tmp_path: Path
) -> None:
    script = """
atlas = make(total_timeout=0.6, max_retries=0); hang()
ended, seconds = timed(lambda: take(atlas))
assert seconds < 2, (ended, seconds)
if os.environ["HANGING"] == "open":
    assert "total_timeout ended while waiting for token_cache" in ended, ended
os._exit(0)
"""

    assert run(flavor, script, environment, tmp_path) == ""


def test_hanging_file_is_opened_by_one_thread(
    flavor: ClientFlavor, environment: dict[str, str], tmp_path: Path
) -> None:
    script = """
def threads():
    return len(os.listdir("/proc/self/task"))
atlas = make(total_timeout=0.3, max_retries=0); hang()
timed(lambda: take(atlas))
before = threads()
for _ in range(8):
    timed(lambda: take(atlas))
assert threads() <= before, (threads(), before)
recover()
take(make())
assert timed(lambda: take(make()))[0] == "done"
os._exit(0)
"""

    run(flavor, script, environment, tmp_path)


def test_constructor_waits_briefly_for_a_hanging_file(
    flavor: ClientFlavor, environment: dict[str, str], tmp_path: Path
) -> None:
    script = """
hang()
made = []
ended, seconds = timed(lambda: made.append(make()))
assert ended == "done" and seconds < 5, (ended, seconds)
ended, seconds = timed(lambda: take(made[0]))
assert ended == "done" and seconds < 10, (ended, seconds)
os._exit(0)
"""

    run(flavor, script, environment, tmp_path)
