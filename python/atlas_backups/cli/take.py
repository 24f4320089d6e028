"""`atlas-backups take`: one on-demand snapshot of one cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import options, output
from atlas_backups.cli.errors import INTERRUPTIONS, ErrorWithResumeHint
from atlas_backups.cli.options import PROGRAM
from atlas_backups.cli.render import print_result, snapshot_details
from atlas_backups.cli.session import Address, connected
from atlas_backups.cli.wait import resume_advice
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    AtlasError,
    SnapshotFailedError,
    WaitTimeoutError,
)
from atlas_backups.progress import suppress_resume_hint

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from atlas_backups import AtlasBackups, Snapshot

_DESCRIPTION = """\
Take one on-demand snapshot of a cluster.

Atlas takes it in the background. Exit status 0 means that Atlas has accepted the request and
returned an id; with --wait, that the snapshot is complete."""


def take(argv: Sequence[str]) -> None:
    """Take a snapshot, with --wait wait for it, and print it."""
    arguments = options.parse("take", _DESCRIPTION, argv, options.add_cluster, _add_take)
    with connected(arguments) as atlas:
        snapshot = _take(atlas, arguments)
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
        with suppress_resume_hint():
            return atlas.take_snapshot(
                arguments.group_id,
                arguments.cluster,
                description=arguments.description,
                retention_in_days=arguments.retention_in_days,
                idempotency_key=arguments.key,
                if_busy=arguments.if_busy,
                wait=arguments.wait,
                wait_timeout=arguments.wait_timeout,
                progress=options.shows_progress(arguments),
            )
    except (AtlasError, *INTERRUPTIONS) as error:
        advice = _advice(error, arguments)
        if advice is None:
            raise
        raise ErrorWithResumeHint(advice) from error


def _advice(error: BaseException, arguments: argparse.Namespace) -> str | None:
    """Return how to continue: wait for the snapshot that was taken, or check that there is none."""
    timeouts = (it for it in (error, error.__context__) if isinstance(it, WaitTimeoutError))
    seen = next((it.snapshot for it in timeouts if it.snapshot), None)
    if seen is not None and seen.is_new is not None:  # else it is the one of another caller
        return resume_advice(Address(seen.group_id, seen.cluster_name, seen.id))
    if isinstance(error, AtlasError) or isinstance(error.__context__, AmbiguousOutcomeError):
        return None  # the report says what is unknown, and how to check
    check = f"{PROGRAM} list {arguments.cluster} --project-id {arguments.group_id}"
    return f"no snapshot is known to be taken; to check: {check}"
