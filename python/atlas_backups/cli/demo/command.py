"""The command: a real take over HTTP, then its life to the end."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from atlas_backups.cli import output
from atlas_backups.cli.demo import card, intro
from atlas_backups.cli.demo.life import Life
from atlas_backups.cli.demo.screen import Screen
from atlas_backups.cli.failures import FAILURE, SUCCESS
from atlas_backups.cli.parser import PROGRAM, Parser
from atlas_backups.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Start the emulator, take a snapshot through HTTP with AtlasBackups, and watch it to its end.

No account is needed and nothing leaves this machine. Exit status 0 means that it completed."""
_MOST_SECONDS = 3600.0
_PATIENCE_SECONDS = 30.0
_LOOKS = 150
_LONGEST_PAUSE = 0.25


def main(argv: Sequence[str]) -> int:
    """Show the life of one snapshot."""
    arguments = _parser().parse(argv)
    return _show(arguments.seconds, fails=arguments.fail)


def _parser() -> Parser:
    parser = Parser(prog=f"{PROGRAM} demo", description=_DESCRIPTION)
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=6.0,
        metavar="S",
        help="how long the snapshot takes (default: %(default)s)",
    )
    parser.add_argument(
        "--fail", action="store_true", help="a snapshot that fails in the end: exit status 1"
    )
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"seconds are above 0, at most {_MOST_SECONDS:.0f}")
    return seconds


def _show(seconds: float, *, fails: bool) -> int:
    # Imported here so that --help is quick.
    from atlas_backups import AtlasBackups  # noqa: PLC0415
    from atlas_backups.emulator import AtlasEmulator  # noqa: PLC0415

    terminal = Terminal.of_stdout()
    with (
        AtlasEmulator(snapshot_seconds=seconds) as emulator,
        AtlasBackups(emulator.credentials, base_url=emulator.base_url) as atlas,
    ):
        if fails:
            emulator.next_snapshot(fails=True)
        output.write(intro.text(emulator, seconds, terminal))
        life = Life(planned_seconds=seconds)
        snapshot = atlas.take_snapshot(
            emulator.group_id,
            emulator.cluster_name,
            description="before release 42",
            retention_in_days=7,
        )
        with Screen(terminal, life) as screen:
            screen.show(snapshot)
            for look in atlas.watch_snapshot(
                snapshot,
                timeout=seconds + _PATIENCE_SECONDS,
                poll_interval=min(_LONGEST_PAUSE, seconds / _LOOKS),
            ):
                screen.show(look)
                snapshot = look
        output.write(card.text(snapshot, life, emulator.requests, terminal))
    return SUCCESS if snapshot.status == "completed" else FAILURE
