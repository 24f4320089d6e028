"""Waiting for a snapshot, and what to say when that is cut off: the snapshot goes on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from atlas_backups.cli.failures import AdvisedError
from atlas_backups.cli.options import is_progress_shown
from atlas_backups.cli.parser import PROGRAM
from atlas_backups.cli.signals import INTERRUPTIONS
from atlas_backups.errors import (
    AtlasError,
    DuplicateSnapshotsError,
    InvalidArgumentError,
    NotFoundError,
    SnapshotFailedError,
)
from atlas_backups.progress import said_elsewhere

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.cli.addresses import Address

# After these it does not go on, or never was.
_FINAL = (SnapshotFailedError, NotFoundError, InvalidArgumentError, DuplicateSnapshotsError)


def until_completed(
    atlas: AtlasBackups, address: Address, arguments: argparse.Namespace, *, timeout: float
) -> Snapshot:
    """Wait until a snapshot is completed, or raise what `wait_for_snapshot` does."""
    with _resumable(address), said_elsewhere():
        return atlas.wait_for_snapshot(
            *address, timeout=timeout, progress=is_progress_shown(arguments)
        )


def until_final(atlas: AtlasBackups, address: Address, arguments: argparse.Namespace) -> None:
    """Wait until a snapshot has ended in one way or the other, so that it may be changed."""
    shown = is_progress_shown(arguments)
    with _resumable(address), said_elsewhere():
        looks = atlas.watch_snapshot(*address, timeout=arguments.wait_timeout, progress=shown)
        for _ in looks:
            pass


def command(address: Address) -> str:
    """Return the command line that waits for a snapshot."""
    place = f"{address.cluster_name} {address.snapshot_id} --project-id {address.group_id}"
    return f"{PROGRAM} wait {place}"


@contextlib.contextmanager
def _resumable(address: Address) -> Generator[None]:
    try:
        yield
    except (AtlasError, *INTERRUPTIONS) as error:
        if isinstance(error, _FINAL):
            raise
        raise AdvisedError(f"to wait for the snapshot again: {command(address)}") from error
