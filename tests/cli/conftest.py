from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from atlas_backups.cli import main
from atlas_backups.emulator import AtlasEmulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECONDS = 60


@pytest.fixture(autouse=True)
def _heed_ctrl_c() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    """Give the programs under test the usual SIGINT, which background jobs of a shell lack."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def emulator() -> Iterator[AtlasEmulator]:
    with AtlasEmulator(snapshot_seconds=60.0) as emulator:
        yield emulator
    assert emulator.failures == ()


@pytest.fixture
def env(emulator: AtlasEmulator) -> dict[str, str]:
    """The environment of a person who has set up the emulator, and no other Atlas."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MONGODB_ATLAS_", "NO_COLOR", "PYTHON", "COLUMNS"))
    }
    return {**clean, **emulator.env, "TERM": "xterm-256color", "PYTHONUTF8": "1"}


@pytest.fixture
def run(env: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the program; keywords change the environment, `None` takes a variable away."""

    def run_program(*words: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        changed = {**env, **changes}
        return subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "atlas_backups", *words],
            env={name: value for name, value in changed.items() if value is not None},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )

    return run_program


@pytest.fixture
def command() -> list[str]:
    return [sys.executable, "-m", "atlas_backups"]


@pytest.fixture
def inside(
    emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Call `main` in this process; return its status and what it wrote to stdout and stderr."""
    for name in os.environ:
        if name.startswith("MONGODB_ATLAS_"):
            monkeypatch.delenv(name)
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)

    def call_main(*words: str) -> tuple[int, str, str]:
        status = main(words)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call_main
