"""`main`: dispatches to a command and maps the result or exception to an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from atlas_backups.cli import errors, output
from atlas_backups.cli.options import PROGRAM, Parser, wants_json

Command: TypeAlias = Callable[[Sequence[str]], int | None]

COMMANDS = {
    "take": "take one on-demand snapshot of a cluster",
    "list": "list the snapshots of a cluster",
    "show": "show one snapshot",
    "wait": "wait until a snapshot is complete",
    "retain": "change how long a snapshot is kept",
    "delete": "delete a snapshot",
    "projects": "list the projects",
    "clusters": "list the clusters of a project",
    "coverage": "show which clusters have a fresh backup",
    "emulator": "run the Atlas API on a loopback port, no account",
    "demo": "take a snapshot from the emulator, no account",
}
_EXIT_STATUS = """\
exit status: 0 success, 1 rejected or failed, 2 bad usage, 3 not known whether a snapshot was
taken, 4 a wait timed out, 130 after Ctrl-C, 143 after SIGTERM.

Credentials are read from the environment only, never from the command line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments without the program's name; `None`: those of the process.

    Returns:
        0 on success, 2 for bad usage, 130 after Ctrl-C, 143 after SIGTERM, else 1.
    """
    arguments = _process_arguments() if argv is None else list(argv)
    with output.standard_streams():
        return _main(arguments)


def load(command: str) -> Command:
    """Import the module of a command, only that one, and return the command.

    These are import statements because PyInstaller and Nuitka follow no `import_module`.
    """
    # ruff: noqa: PLC0415
    if command == "take":
        from atlas_backups.cli.take import take

        return take
    if command == "wait":
        from atlas_backups.cli.wait import wait

        return wait
    if command == "demo":
        from atlas_backups.cli.demo import demo

        return demo
    if command == "emulator":
        from atlas_backups.emulator.command import main as emulator

        return emulator
    from atlas_backups.cli.commands import COMMANDS as OTHERS

    return OTHERS[command]


def _process_arguments() -> list[str]:
    """Return `sys.argv[1:]`; what the locale's encoding cannot decode is decoded as UTF-8."""
    return [word if word.isascii() else _as_utf8(word) for word in sys.argv[1:]]


def _as_utf8(word: str) -> str:
    try:
        word.encode()
    except UnicodeEncodeError:  # surrogates of bytes that the locale's encoding cannot decode
        return os.fsencode(word).decode("utf-8", "surrogateescape")
    return word


def _main(argv: list[str]) -> int:
    try:
        with errors.sigterm_as_exception():
            status = _run(argv)
            output.flush()  # while a broken pipe can still be handled
    except SystemExit as stop:  # argparse after --help and --version, and the emulator
        return _exit_status(stop)
    except BrokenPipeError:  # argparse and the emulator write to stdout by themselves
        output.discard_stdout()
        return errors.FAILURE
    except (Exception, *errors.INTERRUPTIONS) as error:  # noqa: BLE001  # users see no traceback
        return errors.report(error, as_json=wants_json(argv))
    return status


def _run(argv: list[str]) -> int:
    if not argv or argv[0] not in COMMANDS:
        parser = _parser()
        parser.parse(argv)  # handles --help and --version, rejects an unknown command
        parser.error("a command is required")
    return load(argv[0])(argv[1:]) or errors.SUCCESS


def _exit_status(stop: SystemExit) -> int:
    try:
        output.flush()
    except output.OutputError as error:
        return errors.report(error, as_json=False)
    return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _parser() -> Parser:
    from atlas_backups import __version__

    parser = Parser(
        prog=PROGRAM,
        description="On-demand snapshots of MongoDB Atlas clusters.",
        epilog=_EXIT_STATUS,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        commands.add_parser(name, help=summary, add_help=False)
    return parser
