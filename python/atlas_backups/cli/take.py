"""`atlas-backups take`: one on-demand snapshot of one cluster."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from atlas_backups._format import printable
from atlas_backups.cli import options, output
from atlas_backups.cli.errors import INTERRUPTIONS, ErrorWithResumeHint
from atlas_backups.cli.options import PROGRAM
from atlas_backups.cli.render import print_result, snapshot_details
from atlas_backups.cli.session import Address, connected
from atlas_backups.cli.wait import resume_command, wait_until_completed
from atlas_backups.errors import AmbiguousOutcomeError, SnapshotFailedError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from atlas_backups import AtlasBackups, Snapshot

_DESCRIPTION = """\
Take one on-demand snapshot of a cluster.

Atlas takes it in the background. Exit status 0 means that Atlas has accepted the request and
returned an id; with --wait, that the snapshot is complete."""
_MIN_SECONDS = 1.0  # enough for one poll


def take(argv: Sequence[str]) -> None:
    """Take a snapshot, with --wait wait for it, and print it."""
    arguments = options.parse("take", _DESCRIPTION, argv, options.add_cluster, _add_take)
    with connected(arguments) as atlas:
        started = time.monotonic()
        snapshot = _take(atlas, arguments)
        if arguments.wait:
            # --wait-timeout bounds the sum of both waits.
            waited = time.monotonic() - started if arguments.if_busy == "wait" else 0.0
            timeout = max(arguments.wait_timeout - waited, _MIN_SECONDS)
            snapshot = _wait(atlas, snapshot, arguments, timeout)
        if snapshot.status == "failed":
            raise SnapshotFailedError(
                f"snapshot {snapshot.id} has failed, there is no backup", snapshot=snapshot
            )
        try:
            print_result(snapshot, snapshot_details, arguments)
        except output.OutputError as error:
            # A user who never sees the id would take another snapshot.
            raise error.after(f"snapshot {snapshot.id} was taken, but: ") from error


def _add_take(parser: options.Parser) -> None:
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
        help="idempotency key: the same key gives the same snapshot, from any process",
    )
    parser.add_argument(
        "--if-busy",
        choices=("raise", "wait", "join"),
        default="raise",
        help="if another on-demand snapshot of the cluster is unfinished: fail, wait for it and"
        " then take one, or return that one (default: %(default)s)",
    )
    options.add_wait(parser, help_of_wait="succeed only when the snapshot is complete")


def _take(atlas: AtlasBackups, arguments: argparse.Namespace) -> Snapshot:
    try:
        return atlas.take_snapshot(
            arguments.group_id,
            arguments.cluster,
            description=arguments.description,
            retention_in_days=arguments.retention_in_days,
            idempotency_key=arguments.key,
            if_busy=arguments.if_busy,
            wait_timeout=arguments.wait_timeout,
        )
    except INTERRUPTIONS as stop:
        if isinstance(stop.__context__, AmbiguousOutcomeError):
            raise  # its report says what is unknown, and how to check
        check = f"{PROGRAM} list {arguments.cluster} --project-id {arguments.group_id}"
        raise ErrorWithResumeHint(f"no snapshot is known to be taken; to check: {check}") from stop


def _wait(
    atlas: AtlasBackups, snapshot: Snapshot, arguments: argparse.Namespace, timeout: float
) -> Snapshot:
    address = Address(snapshot.group_id, snapshot.cluster_name, snapshot.id)
    if options.shows_progress(arguments):
        output.write_stderr(
            f"{PROGRAM}: snapshot {snapshot.id} of {snapshot.cluster_name} is"
            f" {printable(snapshot.status or 'requested')}; to resume an interrupted wait:"
            f" {resume_command(address)}\n"
        )
    completed = wait_until_completed(atlas, address, arguments, timeout=timeout)
    return replace(completed, is_new=snapshot.is_new)
