"""The last look after a wait: has the key given this one snapshot only?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import output
from atlas_backups.cli.parser import PROGRAM
from atlas_backups.errors import AtlasError, DuplicateSnapshotsError

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot


def check(atlas: AtlasBackups, snapshot: Snapshot) -> None:
    """Look once more for others with the snapshot's tag: lists show new ones late.

    `take_snapshot(wait=True)` does the same, but cannot say the id before the wait is over.

    Raises:
        DuplicateSnapshotsError: there are others. That it cannot be found out is only told: the
            snapshot exists.
    """
    tag = snapshot.idempotency_tag
    if tag is None:
        return
    try:
        listed = atlas.list_snapshots(snapshot.group_id, snapshot.cluster_name)
    except AtlasError as error:
        output.complain(
            f"{PROGRAM}: snapshot {snapshot.id} is complete; whether another one has its key is not"
            f" known: {output.printable(str(error))}\n"
        )
        return
    others = tuple(
        other
        for other in listed
        if other.idempotency_tag == tag and other.status != "failed" and other.id != snapshot.id
    )
    if others:
        ids = ", ".join(other.id for other in (snapshot, *others))
        raise DuplicateSnapshotsError(
            f"{1 + len(others)} snapshots carry the tag {tag} of one key: {ids}. Hint: keep one and"
            " delete the others",
            snapshots=(snapshot, *others),
        )
