"""What earlier snapshots of a cluster tell of the one that is waited for.

Atlas gives the second of the request (inside the id) and the time of the data, the cut point; when
a snapshot completed it does not say. So nothing is said of that but that it comes later.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from atlas_backups._quantities import fine_span, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atlas_backups.models import Snapshot

_MOST = 10


def experience(running: Snapshot, snapshots: Iterable[Snapshot]) -> str | None:
    """Return what the newest of them that completed have in common, as a sentence.

    Args:
        running: the one that is waited for; only those of its own kind are asked.
        snapshots: those of its cluster, newest first.

    Returns:
        `None` if there is none to learn from.
    """
    alike = [
        snapshot
        for snapshot in snapshots
        if snapshot.status == "completed"
        and snapshot.snapshot_type == running.snapshot_type
        and snapshot.id != running.id
    ][:_MOST]
    waits = [wait for snapshot in alike if (wait := _seconds(snapshot)) is not None]
    if not waits:
        return None
    number = "one earlier snapshot" if len(waits) == 1 else f"{len(waits)} earlier snapshots"
    newest = alike[0].storage_size_bytes or 0
    sized = f" (the newest has {size(newest)})" if newest > 0 else ""
    return (
        f"{number}{sized} had the cut point about {fine_span(median(waits))} after the request, "
        "and completed later"
    )


def _seconds(snapshot: Snapshot) -> float | None:
    if snapshot.created_at is None:
        return None
    seconds = (snapshot.created_at - snapshot.requested_at).total_seconds()
    return seconds if seconds >= 0 else None
