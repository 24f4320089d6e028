"""Install a wheel on each CPython of this machine with each installer, and print the results.

`make smoke` runs it where `uv` and `pipx` are installed. The table is Markdown, on stdout; of a
suite that failed, what it printed goes to stderr, and the exit status is 1. No index is asked for
the package.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUITE = Path(__file__).with_name("suite.py")
UV = (sys.executable, "-m", "uv")
PIPX = (sys.executable, "-m", "pipx")
BIN, PYTHON = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
SECONDS = 300

DESCRIBE = """
import json, platform, sys, sysconfig
print(json.dumps([sys.implementation.name, platform.python_version(), list(sys.version_info[:2]),
                  bool(sysconfig.get_config_var("Py_GIL_DISABLED")), sys.executable]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython that the wheel is for."""

    version: str
    path: Path


@dataclass(frozen=True)
class Installed:
    """The Python and the command of an installation."""

    python: Path
    commands: Path


def output(*words: str | Path) -> str:
    """Return what a program prints, or nothing if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603  # named in this file
    return "" if done.returncode else done.stdout


def run(*words: str | Path, folder: Path, **environment: str) -> str:
    """Run a program in a directory, without variables of another package or Atlas."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MONGODB_ATLAS_", "PYTHON", "VIRTUAL_ENV", "UV_PYTHON"))
    }
    done = subprocess.run(  # noqa: S603  # named in this file
        words,
        cwd=folder,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout


def candidates() -> Iterator[Path]:
    """Yield the interpreters of uv, of PATH and of pyenv."""
    for found in json.loads(
        output(*UV, "python", "list", "--only-installed", "--output-format=json")
    ):
        yield Path(found["path"])
    if pyenv := shutil.which("pyenv"):
        for version in output(pyenv, "versions", "--bare").split():
            yield Path(output(pyenv, "prefix", version).strip(), "bin", "python")


def interpreters() -> list[Interpreter]:
    """Return one CPython of each version from 3.10 on; none without the GIL, which lacks abi3."""
    found: dict[tuple[int, ...], Interpreter] = {}
    for path in candidates():
        if described := output(path, "-c", DESCRIBE):
            name, version, minor, free_threaded, executable = json.loads(described)
            if name == "cpython" and minor >= [3, 10] and not free_threaded:
                key = tuple(int(digits) for digits in re.findall(r"\d+", version))
                found.setdefault(key, Interpreter(version, Path(executable)))
    return [interpreter for _, interpreter in sorted(found.items())]


def with_pip(interpreter: Interpreter, wheel: Path, folder: Path) -> Installed:
    """Install with the pip that comes with the interpreter, which may be an old one."""
    environment = folder / "environment"
    run(interpreter.path, "-m", "venv", environment, folder=folder)
    python = environment / BIN / PYTHON
    run(python, "-m", "pip", "install", "--no-index", wheel, folder=folder)
    run(python, "-m", "pip", "check", folder=folder)
    return Installed(python, environment / BIN)


def with_uv_pip(interpreter: Interpreter, wheel: Path, folder: Path) -> Installed:
    """Install with `uv pip`."""
    environment = folder / "environment"
    run(*UV, "venv", "--python", interpreter.path, environment, folder=folder)
    python = environment / BIN / PYTHON
    run(*UV, "pip", "install", "--offline", "--python", python, wheel, folder=folder)
    return Installed(python, environment / BIN)


def with_pipx(interpreter: Interpreter, wheel: Path, folder: Path) -> Installed:
    """Install the command with pipx."""
    home, commands = folder / "home", folder / "commands"
    where = {"PIPX_HOME": str(home), "PIPX_BIN_DIR": str(commands), "PIPX_MAN_DIR": str(folder)}
    words = ("install", "--python", interpreter.path, "--pip-args=--no-index", wheel)
    run(*PIPX, *words, folder=folder, **where)
    return Installed(home / "venvs" / "atlas-backups" / BIN / PYTHON, commands)


def with_uv_tool(interpreter: Interpreter, wheel: Path, folder: Path) -> Installed:
    """Install the command with `uv tool`."""
    home, commands = folder / "home", folder / "commands"
    where = {"UV_TOOL_DIR": str(home), "UV_TOOL_BIN_DIR": str(commands)}
    words = ("tool", "install", "--offline", "--python", interpreter.path, wheel)
    run(*UV, *words, folder=folder, **where)
    return Installed(home / "atlas-backups" / BIN / PYTHON, commands)


WAYS: dict[str, Callable[[Interpreter, Path, Path], Installed]] = {
    "`pip`": with_pip,
    "`uv pip`": with_uv_pip,
    "`pipx`": with_pipx,
    "`uv tool`": with_uv_tool,
}


def result(interpreter: Interpreter, way: str, wheel: Path) -> str:
    """Return the result of the suite in a new environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            installed = WAYS[way](interpreter, wheel, folder)
            path = os.pathsep.join((str(installed.commands), os.environ["PATH"]))
            printed = run(installed.python, "-W", "error", SUITE, folder=folder, PATH=path)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"CPython {interpreter.version}, {way}:\n{error}", file=sys.stderr)  # noqa: T201
            return "FAILED"
    ran = re.search(r"Ran (\d+) tests", printed)
    return f"{ran[1]} passed" if ran else "ran nothing"


def main(wheel: Path) -> int:
    """Print the table; return the exit status."""
    print("|", " | ".join(("CPython", *WAYS)), "|")  # noqa: T201
    print("|---" * (len(WAYS) + 1) + "|")  # noqa: T201
    results: list[str] = []
    for interpreter in interpreters():
        row = [result(interpreter, way, wheel) for way in WAYS]
        print("|", " | ".join((interpreter.version, *row)), "|", flush=True)  # noqa: T201
        results += row
    return 0 if results and all(cell.endswith("passed") for cell in results) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
