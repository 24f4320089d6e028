"""Standard streams that are closed or full: one line on the other one, and no traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
    "list as JSON": "list CLUSTER --output json",
    "show": "show CLUSTER SNAPSHOT",
    "retain": "retain CLUSTER SNAPSHOT --days 3",
    "projects": "projects",
    "clusters": "clusters",
    "coverage": "coverage",
    "demo": "demo --seconds 0.1",
    "emulator": "emulator --quiet",
    "help": "--help",
    "help of a command": "take --help",
    "help of the emulator": "emulator --help",
    "help of the demo": "demo --help",
    "version": "--version",
}


class Shell:
    """Runs the program as a shell does, with redirections."""

    def __init__(
        self, command: list[str], env: dict[str, str], emulator: AtlasEmulator, snapshot: str
    ) -> None:
        self._command = command
        self._env = env
        self._names = {"CLUSTER": emulator.cluster_name, "SNAPSHOT": snapshot}

    def __call__(self, words: str, redirection: str) -> subprocess.CompletedProcess[str]:
        arguments = [self._names.get(word, word) for word in words.split()]
        return subprocess.run(  # noqa: S603  # our own program
            ["/bin/sh", "-c", f'"$@" {redirection}', "sh", *self._command, *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def shell(command: list[str], env: dict[str, str], emulator: AtlasEmulator) -> Shell:
    completed = next(item for item in emulator.snapshots if item.status == "completed")
    return Shell(command, env, emulator, completed.id)


@pytest.mark.parametrize("stdout", STDOUT)
@pytest.mark.parametrize("name", WRITERS)
def test_stdout_that_cannot_be_written_is_one_line_and_1(
    shell: Shell, name: str, stdout: str
) -> None:
    done = shell(WRITERS[name], STDOUT[stdout])

    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if "looking at the snapshot" not in line]
    assert "cannot write to standard output" in lines[-1]
    assert len(lines) == 1


@pytest.mark.parametrize("stderr", STDERR)
@pytest.mark.parametrize("name", [name for name in WRITERS if name != "emulator"])
def test_stderr_that_cannot_be_written_changes_no_result(
    shell: Shell, name: str, stderr: str
) -> None:
    done = shell(WRITERS[name], STDERR[stderr])

    assert done.returncode == 0
    assert done.stdout


@pytest.mark.parametrize("stderr", STDERR)
def test_wait_without_stderr_succeeds(shell: Shell, stderr: str) -> None:
    assert shell("wait CLUSTER SNAPSHOT --progress", STDERR[stderr]).returncode == 0


@pytest.mark.parametrize("stderr", STDERR)
@pytest.mark.parametrize(
    ("words", "status"), [("take", 2), ("show CLUSTER nothing", 2), ("take Missing", 1)]
)
def test_failure_that_cannot_be_reported_keeps_its_status(
    shell: Shell, words: str, status: int, stderr: str
) -> None:
    assert shell(words, STDERR[stderr]).returncode == status


@pytest.mark.parametrize("redirections", [">&- 2>&-", ">/dev/full 2>&1", "<&- >&- 2>&-"])
@pytest.mark.parametrize("name", WRITERS)
def test_no_stream_at_all_is_1(shell: Shell, name: str, redirections: str) -> None:
    assert shell(WRITERS[name], redirections).returncode == 1
