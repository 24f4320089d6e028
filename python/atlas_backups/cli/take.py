"""`atlas-backups take`: one on-demand snapshot of one cluster."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from atlas_backups.cli import output
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS, InterruptedTakeError
from atlas_backups.cli.parser import (
    CREDENTIALS_HELP,
    PROGRAM,
    PROJECT_VARIABLE,
    Parser,
    add_connection,
    add_output,
    add_project,
)
from atlas_backups.cli.plain import plain
from atlas_backups.cli.snapshots import table
from atlas_backups.errors import SnapshotFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups import AtlasBackups, Snapshot

_DESCRIPTION = """\
Take one on-demand snapshot of a cluster.

Atlas takes it in the background. Exit status 0 means that Atlas has accepted it and said its id,
not that it is complete."""


def main(argv: Sequence[str]) -> int:
    """Take a snapshot and show it."""
    parser = _parser()
    arguments = parser.parse(argv)
    if arguments.project_id is None:
        parser.error(f"which project? give --project-id or set {PROJECT_VARIABLE}")
    with connected(arguments) as atlas:
        snapshot = _take(atlas, arguments)
        # Shown before the client closes, which talks to Atlas once more and may be interrupted.
        return _show(snapshot, as_json=arguments.output == "json")


def _parser() -> Parser:
    parser = Parser(prog=f"{PROGRAM} take", description=_DESCRIPTION, epilog=CREDENTIALS_HELP)
    parser.add_argument("cluster", metavar="CLUSTER", help="name of the cluster")
    add_project(parser)
    parser.add_argument("--description", metavar="TEXT", help="text to keep with the snapshot")
    parser.add_argument(
        "--retention-in-days",
        type=_days,
        metavar="N",
        help="days to keep it, 1 or more (default: what Atlas chooses)",
    )
    add_output(parser)
    add_connection(parser)
    return parser


def _days(text: str) -> int:
    # int() alone also takes 1_0 and digits of other scripts; the range is the client's to check.
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise argparse.ArgumentTypeError("days are a whole number")
    return int(text)


def _take(atlas: AtlasBackups, arguments: argparse.Namespace) -> Snapshot:
    try:
        return atlas.take_snapshot(
            arguments.project_id,
            arguments.cluster,
            description=arguments.description,
            retention_in_days=arguments.retention_in_days,
        )
    except KeyboardInterrupt:
        raise InterruptedTakeError(
            f"interrupted while a snapshot of {arguments.cluster} was asked for; nothing was"
            " sent again. Hint: look at the cluster's snapshots before you take another one"
        ) from None


def _show(snapshot: Snapshot, *, as_json: bool) -> int:
    try:
        output.write(json.dumps(plain(snapshot), indent=2) + "\n" if as_json else table(snapshot))
    except output.OutputError as error:
        # A snapshot whose id nobody has read would be taken again.
        raise error.after(f"snapshot {snapshot.id} was taken, but: ") from error
    if snapshot.status == "failed":
        raise SnapshotFailedError("the snapshot has failed, there is no backup", snapshot=snapshot)
    return SUCCESS
