"""Result types of calls in both flavors: read by pyright and mypy, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import assert_type

    from atlas_backups import (
        AtlasBackups,
        Cluster,
        ClusterCoverage,
        Coverage,
        Project,
        RawResponse,
        Snapshot,
        SnapshotList,
        SnapshotOutcome,
        SnapshotRequest,
    )


def sync_calls(atlas: AtlasBackups, requests: Sequence[SnapshotRequest]) -> None:
    snapshot = atlas.take_snapshot("g", "c", if_busy="wait", retention_in_days=7)
    assert_type(snapshot, Snapshot)
    assert_type(atlas.take_snapshot_raw("g", "c"), RawResponse)
    assert_type(atlas.get_snapshot("g", "c", "s"), Snapshot)
    assert_type(atlas.get_snapshot(snapshot), Snapshot)
    assert_type(atlas.list_snapshots("g", "c"), SnapshotList)
    assert_type(atlas.list_snapshots("g", "c")[0], Snapshot)
    assert_type(atlas.list_snapshots("g", "c")[1:], SnapshotList)
    assert_type(atlas.wait_for_snapshot(snapshot, timeout=60.0), Snapshot)
    assert_type(atlas.update_retention(snapshot, days=3), Snapshot)
    assert_type(atlas.delete_snapshot(snapshot, wait=True), None)
    assert_type(atlas.list_projects(), tuple[Project, ...])
    assert_type(atlas.list_clusters("g"), tuple[Cluster, ...])
    assert_type(atlas.backup_coverage(), Coverage)
    for seen in atlas.watch_snapshot(snapshot):
        assert_type(seen, Snapshot)
    for outcome in atlas.take_snapshots(requests):
        assert_type(outcome, SnapshotOutcome)
    for entry in atlas.backup_coverage("g"):
        assert_type(entry, ClusterCoverage)
    with atlas as entered:
        assert_type(entered, AtlasBackups)


async def async_calls(atlas: AtlasBackups, requests: Sequence[SnapshotRequest]) -> None:
    snapshot = await atlas.take_snapshot_async("g", "c", if_busy="join")
    assert_type(snapshot, Snapshot)
    assert_type(await atlas.take_snapshot_raw_async("g", "c"), RawResponse)
    assert_type(await atlas.get_snapshot_async(snapshot), Snapshot)
    assert_type(await atlas.list_snapshots_async("g", "c"), SnapshotList)
    assert_type(await atlas.wait_for_snapshot_async("g", "c", "s"), Snapshot)
    assert_type(await atlas.update_retention_async(snapshot, years=1), Snapshot)
    assert_type(await atlas.delete_snapshot_async("g", "c", "s"), None)
    assert_type(await atlas.list_projects_async(), tuple[Project, ...])
    assert_type(await atlas.list_clusters_async("g"), tuple[Cluster, ...])
    assert_type(await atlas.backup_coverage_async(), Coverage)
    async for seen in atlas.watch_snapshot_async(snapshot):
        assert_type(seen, Snapshot)
    async for outcome in atlas.take_snapshots_async(requests):
        assert_type(outcome, SnapshotOutcome)
    async with atlas as entered:
        assert_type(entered, AtlasBackups)
