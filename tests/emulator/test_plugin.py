from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from atlas_backups import emulator

LOADED = """
import sys
import atlas_backups.emulator.pytest_plugin
print(*sorted(name for name in sys.modules if name.startswith("atlas_backups.emulator")))
"""

ALONE = """
import importlib, pkgutil, sys
import atlas_backups.emulator as package
for module in pkgutil.iter_modules(package.__path__):
    if module.name != "pytest_plugin":
        importlib.import_module(f"{package.__name__}.{module.name}")
with package.AtlasEmulator() as emulator:
    print(len(emulator.snapshots))
"""

TEST = """
def test_one(atlas_emulator):
    assert atlas_emulator.base_url.startswith("http://127.0.0.1:")
    assert len(atlas_emulator.snapshots) == 8
"""


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_plugin_imports_lazily() -> None:
    result = python("-c", LOADED)

    assert result.stdout.split() == [
        "atlas_backups.emulator",
        "atlas_backups.emulator.pytest_plugin",
    ]


def test_emulator_imports_only_standard_library(tmp_path: Path) -> None:
    (tmp_path / "atlas_backups").mkdir()
    package = Path(emulator.__path__[0]).parent
    for name in ("emulator", "_threads.py"):
        (tmp_path / "atlas_backups" / name).symlink_to(package / name)

    # Without site-packages, in a package that consists of the emulator and `_threads`.
    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-S", "-W", "error", "-c", ALONE],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert (result.stdout, result.stderr) == ("8\n", "")


def test_fixture_returns_running_emulator(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)

    result = python(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"),
        *("--disable-plugin-autoload", "-p", "atlas_backups.emulator.pytest_plugin", "test_it.py"),
        cwd=tmp_path,
    )

    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout
