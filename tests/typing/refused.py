"""What both checkers must refuse: each says so where nothing is wrong in a line marked here.

Never run. mypy reports a mark without an error by `strict`, pyright by the next line.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups import AccessToken, ApiKey, AtlasBackups, ServiceAccount, SnapshotRequest

if TYPE_CHECKING:
    from atlas_backups import Headers, Snapshot, SnapshotList


def arguments(atlas: AtlasBackups) -> None:
    atlas.take_snapshot("g")  # type: ignore[call-arg]
    atlas.take_snapshot("g", "c", "keyword-only")  # type: ignore[call-arg]
    atlas.take_snapshot("g", "c", if_busy="ignore")  # type: ignore[arg-type]
    atlas.take_snapshot("g", "c", retention_in_days="7")  # type: ignore[arg-type]
    atlas.take_snapshot("g", "c", retention_days=7)  # type: ignore[call-arg]
    atlas.take_snapshot_raw("g", "c", idempotency_key="k")  # type: ignore[call-arg]
    atlas.update_retention("g", "c", "s", hours=1)  # type: ignore[call-arg]
    SnapshotRequest("g", "c")  # type: ignore[call-arg]


def credentials() -> None:
    AtlasBackups("a token")  # type: ignore[arg-type]
    AtlasBackups(lambda: "a token")  # type: ignore[arg-type, return-value]
    AtlasBackups(None, "https://cloud.mongodb.com")  # type: ignore[call-arg]
    AccessToken(b"a token")  # type: ignore[arg-type]
    ServiceAccount("only an id")  # type: ignore[call-arg]
    ApiKey("public")  # type: ignore[call-arg]


def results(snapshot: Snapshot, snapshots: SnapshotList, headers: Headers) -> None:
    snapshot.status = "completed"  # type: ignore[misc]
    _ = snapshot.members  # type: ignore[attr-defined]
    _ = snapshot.created_at.year  # type: ignore[union-attr]
    snapshots[0] = snapshot  # type: ignore[index]
    _ = headers[0]  # type: ignore[index]


async def flavors(atlas: AtlasBackups) -> None:
    await atlas.take_snapshot("g", "c")  # type: ignore[misc]
    _ = atlas.take_snapshot_async("g", "c").id  # type: ignore[attr-defined]
