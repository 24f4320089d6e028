"""Standard streams that are closed, full or a broken pipe: one line of error, no traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.helpers import PROGRAM, on_demand

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")

STDOUT = {"closed": ">&-", "full": ">/dev/full"}
STDERR = {"closed": "2>&-", "full": "2>/dev/full"}
WRITERS = {
    "take": "take CLUSTER",
    "take as JSON": "take CLUSTER --output json",
    "take with progress": "take CLUSTER --progress",
    "list": "list CLUSTER",
    "coverage": "coverage",
    "demo": "demo --seconds 0.1",
    "emulator": "emulator --quiet",
    "help": "--help",
    "help of a command": "take --help",
    "help of the emulator": "emulator --help",
    "version": "--version",
}


class Shell:
    """Runs the program in a shell with redirections."""

    def __init__(self, env: dict[str, str], emulator: AtlasEmulator) -> None:
        completed = next(item for item in emulator.snapshots if item.status == "completed")
        self._env = env
        self._names = {"CLUSTER": emulator.cluster_name, "SNAPSHOT": completed.id}

    def __call__(self, words: str, redirection: str) -> subprocess.CompletedProcess[str]:
        arguments = [self._names.get(word, word) for word in words.split()]
        return subprocess.run(  # noqa: S603  # our own program
            ["/bin/sh", "-c", f'"$@" {redirection}', "sh", *PROGRAM, *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def shell(env: dict[str, str], emulator: AtlasEmulator) -> Shell:
    return Shell(env, emulator)


@pytest.mark.parametrize("stdout", STDOUT)
@pytest.mark.parametrize("name", WRITERS)
def test_unwritable_stdout_is_one_line_and_1(
    shell: Shell, emulator: AtlasEmulator, name: str, stdout: str
) -> None:
    done = shell(WRITERS[name], STDOUT[stdout])

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "cannot write to standard output" in line
    for taken in on_demand(emulator):
        assert f"snapshot {taken} was taken, but: " in line


@pytest.mark.parametrize("stderr", STDERR)
@pytest.mark.parametrize("name", [name for name in WRITERS if name != "emulator"])
def test_unwritable_stderr_changes_no_result(shell: Shell, name: str, stderr: str) -> None:
    done = shell(WRITERS[name], STDERR[stderr])

    assert done.returncode == 0
    assert done.stdout


@pytest.mark.parametrize("stderr", STDERR)
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("wait CLUSTER SNAPSHOT --progress", 0),
        ("take", 2),
        ("show CLUSTER nothing", 2),
        ("take Missing", 1),
    ],
)
def test_unwritable_stderr_keeps_the_status(
    shell: Shell, words: str, status: int, stderr: str
) -> None:
    assert shell(words, STDERR[stderr]).returncode == status


@pytest.mark.parametrize("redirections", [">/dev/full 2>&1", "<&- >&- 2>&-"])
@pytest.mark.parametrize("name", WRITERS)
def test_no_writable_stream_is_1(shell: Shell, name: str, redirections: str) -> None:
    assert shell(WRITERS[name], redirections).returncode == 1


@pytest.mark.parametrize("name", ["list", "take", "demo", "emulator", "help"])
def test_broken_pipe_is_silent_unless_a_snapshot_was_taken(
    env: dict[str, str], emulator: AtlasEmulator, name: str
) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(  # noqa: S603  # our own program
        [*PROGRAM, *WRITERS[name].replace("CLUSTER", emulator.cluster_name).split()],
        env=env,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)

    assert done.returncode == 1
    assert [taken in done.stderr for taken in on_demand(emulator)] == [True] * (name == "take")
    assert bool(done.stderr) == (name == "take")
