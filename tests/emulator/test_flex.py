"""The flex cluster API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Cluster, ExistingSnapshot, ManualClock, Project, World

from .conftest import VERSION

if TYPE_CHECKING:
    from .conftest import Api, Reply, Run

ID = "6a79468a2c88faeba59de489"
STARTED = 1_786_332_810.0


def flex(api: Api, tail: str = "", name: str = "Flex0") -> Reply:
    return api.send(
        "GET", f"/api/atlas/v2/groups/{api.emulator.group_id}/flexClusters/{name}{tail}"
    )


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "/backup/snapshots",
        f"/backup/snapshots/{ID}",
        "/backup/restoreJobs",
        f"/backup/restoreJobs/{ID}",
    ],
)
def test_non_flex_cluster_is_rejected_as_recorded(api: Api, tail: str) -> None:
    reply = flex(api, tail, "Cluster0")

    assert reply.status == 400
    assert reply.headers["x-error-code"] == "CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API"
    assert reply.headers["ratelimit-limit"] == "1200"
    assert reply.body.decode() == (
        '{"detail":"Cannot use non-flex cluster Cluster0 in the flex API.","error":400,'
        '"errorCode":"CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API","parameters":["Cluster0"],'
        '"reason":"Bad Request"}'
    )


def test_unknown_flex_cluster_is_not_found(api: Api) -> None:
    assert flex(api, "/backup/snapshots", "Nobody0").code == "CLUSTER_NOT_FOUND"


def test_flex_snapshot_has_recorded_format(run: Run) -> None:
    existing = ExistingSnapshot(age_seconds=1000, id=ID, retention_days=8)
    cluster = Cluster(name="F", flex=True, snapshots=(existing,))
    world = World(projects=(Project(name="P", id="a" * 24, clusters=(cluster,)),))
    api = run(world=world, clock=ManualClock(STARTED))

    one = flex(api, f"/backup/snapshots/{ID}", "F")
    listed = flex(api, "/backup/snapshots?itemsPerPage=100&pageNum=1&includeCount=true", "F")

    assert one.headers["content-type"] == "application/vnd.atlas.2024-11-13+json;charset=utf-8"
    assert one.json() == {
        "expiration": "2026-08-18T03:19:27Z",
        "finishTime": "2026-08-10T03:19:27Z",
        "id": ID,
        "mongoDBVersion": "8.0.29",
        "scheduledTime": "2026-08-10T03:16:50Z",
        "startTime": "2026-08-10T03:16:54Z",
        "status": "COMPLETED",
    }
    assert listed.json()["results"] == [one.json()]
    assert listed.json()["totalCount"] == 1


@pytest.mark.parametrize(
    ("status", "shown", "missing"),
    [
        ("queued", "QUEUED", {"startTime", "finishTime"}),
        ("inProgress", "RUNNING", {"finishTime"}),
        ("failed", "FAILED", set[str]()),
    ],
)
def test_unfinished_flex_snapshot_has_no_times(
    run: Run, status: str, shown: str, missing: set[str]
) -> None:
    existing = ExistingSnapshot(status=status, age_seconds=10)  # type: ignore[arg-type]
    cluster = Cluster(name="F", flex=True, snapshots=(existing,))
    api = run(world=World(projects=(Project(name="P", id="a" * 24, clusters=(cluster,)),)))

    (view,) = flex(api, "/backup/snapshots", "F").json()["results"]

    assert view["status"] == shown
    assert {"startTime", "finishTime"} - set(view) == missing


def test_flex_snapshots_are_sorted_oldest_first(api: Api) -> None:
    views = flex(api, "/backup/snapshots").json()["results"]

    times = [view["scheduledTime"] for view in views]
    assert len(times) == 3
    assert times == sorted(times)


def test_unknown_snapshot_is_not_found(api: Api) -> None:
    assert flex(api, f"/backup/snapshots/{ID}").code == "SNAPSHOT_NOT_FOUND"
    assert flex(api, "/backup/snapshots/nonsense").code == "INVALID_SNAPSHOT_ID"


def test_flex_restore_jobs_are_empty(api: Api) -> None:
    assert flex(api, "/backup/restoreJobs").json()["results"] == []
    assert flex(api, f"/backup/restoreJobs/{ID}").status == 404


def test_flex_clusters_are_listed_and_read(api: Api) -> None:
    path = f"/api/atlas/v2/groups/{api.emulator.group_id}/flexClusters"
    listed = api.send("GET", path).json()

    assert [cluster["name"] for cluster in listed["results"]] == ["Flex0"]
    assert listed["totalCount"] == 1
    assert flex(api).json() == listed["results"][0]
    assert listed["results"][0]["providerSettings"]["providerName"] == "FLEX"
    assert listed["results"][0]["backupSettings"] == {"enabled": True}


def test_flex_version_is_newer(api: Api) -> None:
    path = f"/api/atlas/v2/groups/{api.emulator.group_id}/flexClusters"
    old = {"Accept": VERSION.replace("2025-03-12", "2023-02-01")}

    assert api.send("GET", path, headers=old).code == "INVALID_VERSION_DATE"


def test_snapshots_property_shows_flex_format(api: Api) -> None:
    views = flex(api, "/backup/snapshots").json()["results"]

    wires = [item.wire for item in api.emulator.snapshots if item.cluster_name == "Flex0"]
    assert wires == views
