"""PyInstaller and Nuitka find every module of the package: for them, import statements count."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import atlas_backups
from atlas_backups.cli.main import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(atlas_backups.__file__).parent
# Loaded by other programs, through entry points.
FOR_OTHERS = ("atlas_backups.airflow", "atlas_backups._pyinstaller")
PLUGIN = "atlas_backups.emulator.pytest_plugin"
PROGRAM = """
import asyncio, sys
from atlas_backups import AtlasBackups
from atlas_backups.cli import main
from atlas_backups.emulator import AtlasEmulator
if sys.argv[1:]:
    sys.exit(main())
class NoReaders(asyncio.SelectorEventLoop):
    def add_reader(self, *_): raise NotImplementedError
with AtlasEmulator(snapshot_seconds=0) as emulator:
    atlas = AtlasBackups(emulator.credentials, base_url=emulator.base_url)
    take = atlas.take_snapshot_async(emulator.group_id, emulator.cluster_name)
    print(NoReaders().run_until_complete(take).status)
"""


def modules() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in ROOT.rglob("*.py"):
        parts = ("atlas_backups", *file.relative_to(ROOT).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if not name.startswith(FOR_OTHERS) and parts[-1] != "__main__" and name != PLUGIN:
            found[name] = file
    return found


def imported_by(name: str, file: Path) -> Iterator[str]:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            source = importlib.util.resolve_name(relative, package)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def test_import_statements_lead_to_every_module() -> None:
    known = modules()
    reached: set[str] = set()
    left = ["atlas_backups", "atlas_backups.cli", "atlas_backups.emulator"]
    while left:
        name = left.pop()
        if name in known and name not in reached:
            reached.add(name)
            left += imported_by(name, known[name])

    assert reached == set(known)


def test_pyinstaller_finds_the_hook() -> None:
    (point,) = (
        point
        for point in metadata.entry_points(group="pyinstaller40")
        if point.value.startswith("atlas_backups.")
    )

    (folder,) = point.load()()
    assert Path(folder, "hook-atlas_backups.py").is_file()


@pytest.mark.skipif(not importlib.util.find_spec("PyInstaller"), reason="needs PyInstaller")
def test_program_frozen_by_pyinstaller_runs(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    subprocess.run(  # PyInstaller itself
        [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", "app.py"],
        cwd=tmp_path,
        check=True,
        timeout=100,
    )
    app = tmp_path / "dist" / "app" / ("app.exe" if os.name == "nt" else "app")

    for words in (
        [],
        ["demo", "--seconds", "0.1"],
        *([name, "--help"] for name in COMMANDS),
    ):
        done = subprocess.run(  # noqa: S603  # our own program
            [app, *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout
