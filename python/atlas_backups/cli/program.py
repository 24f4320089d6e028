"""`main`: finds the command, lets it run, and turns what happened into an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from atlas_backups.cli import failures, output
from atlas_backups.cli.parser import PROGRAM, Parser, wants_json
from atlas_backups.cli.signals import INTERRUPTIONS, sigterm_raised

if TYPE_CHECKING:
    from types import ModuleType

# One module a command, each with its own `main(argv) -> int`; only the one asked for is loaded.
COMMANDS = {
    "take": ("atlas_backups.cli.take", "take one on-demand snapshot of a cluster"),
    "list": ("atlas_backups.cli.list", "list the snapshots of a cluster"),
    "show": ("atlas_backups.cli.show", "show one snapshot"),
    "wait": ("atlas_backups.cli.wait", "wait until a snapshot is complete"),
    "retain": ("atlas_backups.cli.retain", "change how long a snapshot is kept"),
    "delete": ("atlas_backups.cli.delete", "delete a snapshot"),
    "projects": ("atlas_backups.cli.projects", "list the projects"),
    "clusters": ("atlas_backups.cli.clusters", "list the clusters of a project"),
    "coverage": ("atlas_backups.cli.coverage", "show which clusters have a fresh backup"),
    "emulator": ("atlas_backups.cli.emulator", "run the Atlas API on a loopback port, no account"),
    "demo": ("atlas_backups.cli.demo", "watch a snapshot's life on the emulator, no account"),
}


def command_modules() -> tuple[ModuleType, ...]:
    """Import the modules of all commands.

    `_run` imports one of them by its name; PyInstaller and Nuitka find them by these statements.
    """
    from atlas_backups.cli import (  # noqa: PLC0415  # never run by a command
        clusters,
        coverage,
        delete,
        demo,
        emulator,
        list,  # noqa: A004  # the name of the command
        projects,
        retain,
        show,
        take,
        wait,
    )

    return take, list, show, wait, retain, delete, projects, clusters, coverage, emulator, demo


_EXIT_STATUS = """\
exit status: 0 only when what was asked for is true, 1 when it is not or is not known,
2 for bad usage, 130 after Ctrl-C, 143 after SIGTERM.

Credentials are read from the environment only, never from the command line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments without the program's name; `None`: those of the process.

    Returns:
        0 only when what was asked for is true, 2 for bad usage, 130 after Ctrl-C, 143 after
        SIGTERM, else 1.
    """
    words = _process_arguments() if argv is None else list(argv)
    with output.standard_streams():
        return _main(words)


def _process_arguments() -> list[str]:
    """`sys.argv` without the program; what the locale's encoding cannot read is read as UTF-8."""
    return [word if word.isascii() else _as_utf8(word) for word in sys.argv[1:]]


def _as_utf8(word: str) -> str:
    try:
        word.encode()
    except UnicodeEncodeError:  # bytes that the locale's encoding cannot read
        return os.fsencode(word).decode("utf-8", "surrogateescape")
    return word


def _main(words: list[str]) -> int:
    try:
        with sigterm_raised():
            status = _run(words)
            output.flush()  # here, where a broken pipe can still be handled
    except SystemExit as stop:  # argparse, after --help and --version, and in the emulator
        return _leave(stop)
    except BrokenPipeError:  # from who writes to stdout by themselves: argparse, the emulator
        output.abandon()
        return failures.FAILURE
    except (Exception, *INTERRUPTIONS) as error:  # noqa: BLE001  # a person gets no traceback
        return failures.report(error, as_json=wants_json(words))
    return status


def _run(words: list[str]) -> int:
    if not words or words[0] not in COMMANDS:
        parser = _parser()
        parser.parse(words)  # answers --help and --version, refuses an unknown command
        parser.error("a command is needed")
    module_name, _ = COMMANDS[words[0]]
    status: int = import_module(module_name).main(words[1:])
    return status


def _leave(stop: SystemExit) -> int:
    try:
        output.flush()
    except output.OutputError as error:
        return failures.report(error, as_json=False)
    return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _parser() -> Parser:
    from atlas_backups import __version__  # noqa: PLC0415  # only --version needs it

    parser = Parser(
        prog=PROGRAM,
        description="On-demand snapshots of MongoDB Atlas clusters.",
        epilog=_EXIT_STATUS,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (_, summary) in COMMANDS.items():
        commands.add_parser(name, help=summary, add_help=False)
    return parser
