"""How the programs of a measurement are run: on which processor, against which server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

HERE = Path(__file__).parent


def pinned(processor: int | None) -> list[str]:
    """Give what comes before a command that is to stay on one processor."""
    if processor is None or shutil.which("taskset") is None:
        return []
    return ["taskset", "--cpu-list", str(processor)]


def processors() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def serving(
    program: Path, *arguments: str, processor: int | None = None
) -> Generator[str, None, None]:
    """Give the `host:port` of the bench server, which runs meanwhile."""
    command = [*pinned(processor), str(program.resolve()), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own program
        try:
            yield f"127.0.0.1:{next(iter(process.stdout or ())).strip()}"
        finally:
            process.kill()


def output(command: Sequence[str], processor: int | None = None) -> str:
    """Run a program to completion; print its standard error only if it fails.

    Python may keep its bytecode, as it does for users: compiling is no part of a start.
    """
    unwanted = {name for name in os.environ if "proxy" in name.lower()}
    unwanted.add("PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    done = subprocess.run(  # noqa: S603  # our own programs
        [*pinned(processor), *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr}")
    return done.stdout


def measured(command: Sequence[str], processor: int | None = None) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(output(command, processor))
    return report
