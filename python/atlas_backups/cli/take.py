"""`atlas-backups take`: one on-demand snapshot of one cluster."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from atlas_backups.cli import options, output, results, waiting
from atlas_backups.cli.addresses import Address, project_id
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS, AdvisedError
from atlas_backups.cli.parser import PROGRAM
from atlas_backups.cli.signals import INTERRUPTIONS
from atlas_backups.cli.snapshots import details
from atlas_backups.errors import AmbiguousOutcomeError, SnapshotFailedError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.cli.parser import Parser

_DESCRIPTION = """\
Take one on-demand snapshot of a cluster.

Atlas takes it in the background. Exit status 0 means that Atlas has accepted it and said its id;
with --wait, that it is complete."""
_LEAST_SECONDS = 1.0  # enough for one look


def main(argv: Sequence[str]) -> int:
    """Take a snapshot, wait for it if asked to, and show it."""
    arguments = options.parse(_parser(), argv)
    with connected(arguments) as atlas:
        group_id = project_id(atlas, arguments)
        begun = time.monotonic()
        snapshot = _take(atlas, group_id, arguments)
        if arguments.wait:
            # One budget for the other snapshot and for the new one.
            spent = time.monotonic() - begun if arguments.if_busy == "wait" else 0.0
            left = max(arguments.wait_timeout - spent, _LEAST_SECONDS)
            snapshot = _wait(atlas, snapshot, arguments, left)
        return _show(snapshot, arguments)


def _parser() -> Parser:
    parser = options.parser_of("take", _DESCRIPTION)
    options.add_cluster(parser)
    parser.add_argument("--description", metavar="TEXT", help="text to keep with the snapshot")
    parser.add_argument(
        "--retention-in-days",
        type=options.whole_number,
        metavar="N",
        help="days to keep it, 1 or more (default: what Atlas chooses)",
    )
    parser.add_argument(
        "--key",
        metavar="KEY",
        help="the same key gives the same snapshot, however often and wherever this is run",
    )
    parser.add_argument(
        "--if-busy",
        choices=("raise", "wait", "join"),
        default="raise",
        help="while another on-demand snapshot of the cluster is unfinished: fail, wait for it and"
        " take one then, or be content with that one (default: %(default)s)",
    )
    options.add_wait(parser, on_demand="succeed only when the snapshot is complete")
    options.add_common(parser)
    return parser


def _take(atlas: AtlasBackups, group_id: str, arguments: argparse.Namespace) -> Snapshot:
    try:
        return atlas.take_snapshot(
            group_id,
            arguments.cluster,
            description=arguments.description,
            retention_in_days=arguments.retention_in_days,
            idempotency_key=arguments.key,
            if_busy=arguments.if_busy,
            wait_timeout=arguments.wait_timeout,
        )
    except INTERRUPTIONS as stop:
        if isinstance(stop.__context__, AmbiguousOutcomeError):
            raise  # it says what is unknown, and what to do
        look = f"{PROGRAM} list {arguments.cluster} --project-id {group_id}"
        raise AdvisedError(f"nothing is known to have been taken; to be sure: {look}") from stop


def _wait(
    atlas: AtlasBackups, snapshot: Snapshot, arguments: argparse.Namespace, timeout: float
) -> Snapshot:
    address = Address(snapshot.group_id, snapshot.cluster_name, snapshot.id)
    if options.is_progress_shown(arguments):
        output.complain(
            f"{PROGRAM}: snapshot {snapshot.id} of {snapshot.cluster_name} is"
            f" {output.printable(snapshot.status or 'there')}; if this wait is cut off:"
            f" {waiting.command(address)}\n"
        )
    completed = waiting.until_completed(atlas, address, arguments, timeout=timeout)
    return replace(completed, is_new=snapshot.is_new)


def _show(snapshot: Snapshot, arguments: argparse.Namespace) -> int:
    if snapshot.status == "failed":
        raise SnapshotFailedError(
            f"snapshot {snapshot.id} has failed, there is no backup", snapshot=snapshot
        )
    try:
        results.show(snapshot, details, arguments)
    except output.OutputError as error:
        # A snapshot whose id nobody has read would be taken again.
        raise error.after(f"snapshot {snapshot.id} was taken, but: ") from error
    return SUCCESS
