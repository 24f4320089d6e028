"""The examples of README and how-to pages run against an emulator."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_backups.emulator import AtlasEmulator, Cluster, ExistingSnapshot, Project, World

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/how-to/*.md"))]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall(README)
PYTHON = [
    code
    for text in (README, *PAGES)
    for language, code in BLOCK.findall(text)
    if language == "python"
]
COMMANDS = [
    line
    for language, code in BLOCKS
    if language == "sh"
    for line in code.splitlines()
    if line.startswith("atlas-backups ")
]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    snapshots = (ExistingSnapshot(id="66b0c1d2e3f4a5b6c7d8e9aa"),)
    clusters = (Cluster(name="Cluster0", snapshots=snapshots), Cluster(name="Cluster1"))
    project = Project(name="Production", id="32b6e34b3d91647abb20e7b8", clusters=clusters)
    with AtlasEmulator(world=World(projects=(project,)), snapshot_seconds=0.5) as emulator:
        for name, value in emulator.env.items():
            monkeypatch.setenv(name, value)
        yield


def test_readme_has_examples() -> None:
    assert len(PYTHON) >= 4
    assert len(COMMANDS) >= 9


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_examples_run(code: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own README
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command: str) -> None:
    arguments = command.partition("#")[0].partition("&&")[0].split()[1:]
    done = subprocess.run(  # noqa: S603  # our own README
        [sys.executable, "-m", "atlas_backups", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
