"""`atlas-backups wait`, and the waits of other commands."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from atlas_backups.cli import options
from atlas_backups.cli.errors import INTERRUPTIONS, ErrorWithResumeHint
from atlas_backups.cli.render import print_result, snapshot_details
from atlas_backups.cli.session import Address, address_of, connected
from atlas_backups.errors import (
    AtlasError,
    DuplicateSnapshotsError,
    InvalidArgumentError,
    NotFoundError,
    SnapshotFailedError,
)
from atlas_backups.progress import suppress_resume_hint

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Sequence

    from atlas_backups import AtlasBackups

_DESCRIPTION = """\
Wait until a snapshot is complete; outages are tolerated.

Exit status 0 means that it is complete. After a timeout or Ctrl-C the snapshot continues in Atlas;
run the command again to wait for it."""
# After these errors waiting again is useless.
_FINAL = (SnapshotFailedError, NotFoundError, InvalidArgumentError, DuplicateSnapshotsError)


def wait(argv: Sequence[str]) -> None:
    """Wait for a snapshot and print it."""
    arguments = options.parse("wait", _DESCRIPTION, argv, options.add_snapshot, options.add_wait)
    with connected(arguments) as atlas:
        address = address_of(arguments)
        with _resume_hint(address):
            snapshot = atlas.wait_for_snapshot(
                *address,
                timeout=arguments.wait_timeout,
                progress=options.shows_progress(arguments),
            )
        print_result(snapshot, snapshot_details, arguments)


def wait_until_final(atlas: AtlasBackups, address: Address, arguments: argparse.Namespace) -> None:
    """Wait until a snapshot has completed or failed, so that it can be changed or deleted."""
    progress = options.shows_progress(arguments)
    with _resume_hint(address):
        for _ in atlas.watch_snapshot(*address, timeout=arguments.wait_timeout, progress=progress):
            pass


def resume_advice(address: Address) -> str:
    """Return the command line that waits for a snapshot, as advice."""
    group_id, cluster_name, snapshot_id = address
    command = f"{options.PROGRAM} wait {cluster_name} {snapshot_id} --project-id {group_id}"
    return f"to wait for the snapshot again: {command}"


@contextlib.contextmanager
def _resume_hint(address: Address) -> Generator[None]:
    try:
        with suppress_resume_hint():
            yield
    except _FINAL:
        raise
    except (AtlasError, *INTERRUPTIONS) as error:
        raise ErrorWithResumeHint(resume_advice(address)) from error
