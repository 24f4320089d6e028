from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from atlas_backups.cli import main
from atlas_backups.emulator import AtlasEmulator
from tests.cli.helpers import PROGRAM, Done

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.helpers import Run

_SECONDS = 60


@pytest.fixture(autouse=True)
def _default_sigint() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    """Restore the default SIGINT, which background jobs of a shell ignore."""
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
    """The environment of the program: the emulator, and no other Atlas."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MONGODB_ATLAS_", "NO_COLOR", "PYTHON", "COLUMNS"))
    }
    return {**clean, **emulator.env, "TERM": "xterm-256color", "PYTHONUTF8": "1"}


@pytest.fixture
def run(env: dict[str, str]) -> Run:
    """Run the program in a process; keywords change the environment, `None` removes a variable."""

    def run_program(*words: str, **changes: str | None) -> Done:
        changed = {**env, **changes}
        done = subprocess.run(  # noqa: S603  # our own program
            [*PROGRAM, *words],
            env={name: value for name, value in changed.items() if value is not None},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run_program


@pytest.fixture
def inside(
    emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Call `main` in this process; keywords change the environment as for `run`."""
    for name in os.environ:
        if name.startswith("MONGODB_ATLAS_"):
            monkeypatch.delenv(name)

    def call_main(*words: str, **changes: str | None) -> Done:
        with monkeypatch.context() as patch:
            for name, value in {**emulator.env, **changes}.items():
                if value is not None:
                    patch.setenv(name, value)
            status = main(words)
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return call_main
