from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Cluster, ExistingSnapshot, Project, World

if TYPE_CHECKING:
    from .conftest import Api, Run

GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9aa"
HOUR = 3600.0


@pytest.fixture
def seven(run: Run) -> Api:
    snapshots = tuple(ExistingSnapshot(age_seconds=HOUR * age) for age in range(1, 8))
    cluster = Cluster(name="C", snapshots=snapshots)
    return run(world=World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),)))


def test_snapshots_are_sorted_newest_first(seven: Api) -> None:
    snapshot_id = seven.taken()

    found = seven.listed()

    assert found[0] == snapshot_id
    assert [int(item[:8], 16) for item in found] == sorted(
        (int(item[:8], 16) for item in found), reverse=True
    )


def test_pages_contain_each_item_once(seven: Api) -> None:
    pages = [seven.listed(f"?pageNum={number}&itemsPerPage=3") for number in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [item for page in pages for item in page] == seven.listed()


def test_page_has_links_and_total(seven: Api) -> None:
    view = seven.get("?pageNum=2&itemsPerPage=3").json()

    address = f"{seven.emulator.base_url}{seven.path()}"
    assert view["totalCount"] == 7
    assert view["links"] == [
        {"href": f"{address}?includeCount=true&pageNum={number}&itemsPerPage=3", "rel": rel}
        for number, rel in ((2, "self"), (1, "previous"), (3, "next"))
    ]


def test_include_count_false_omits_total(seven: Api) -> None:
    assert "totalCount" not in seven.get("?includeCount=false").json()


def test_default_page_size_is_100(run: Run) -> None:
    snapshots = tuple(ExistingSnapshot(age_seconds=60.0 * age) for age in range(1, 521))
    cluster = Cluster(name="C", snapshots=snapshots)
    api = run(world=World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),)))

    assert len(api.listed()) == 100
    assert len(api.listed("?itemsPerPage=500")) == 500
    assert api.get("?itemsPerPage=501").code == "INVALID_QUERY_PARAMETER"


@pytest.mark.parametrize(
    "query",
    [
        "pageNum=0",
        "pageNum=-1",
        "pageNum=one",
        "pageNum=1.0",
        "pageNum=",
        "itemsPerPage=0",
        "itemsPerPage=99999999999999999999",
        "includeCount=yes",
        "unknown=1",
        "pageNum=1&pageNum=2",
        "oplogTs=1",
        "oplogInc=1",
        "pointInTimeUtcSeconds=1&oplogTs=1&oplogInc=1",
        "pointInTimeUtcSeconds=soon",
        "pageNum=%FF",
    ],
)
def test_invalid_query_parameter_is_rejected(api: Api, query: str) -> None:
    reply = api.get(f"?{query}")

    assert (reply.status, reply.code) == (400, "INVALID_QUERY_PARAMETER")


@pytest.mark.parametrize("form", ["pointInTimeUtcSeconds={}", "oplogTs={}&oplogInc=1"])
def test_point_in_time_filters_snapshots(seven: Api, form: str) -> None:
    when = int(seven.clock.now() - 3.5 * HOUR)

    found = seven.listed("?" + form.format(when))

    assert len(found) == 4
    assert all(int(item[:8], 16) < when for item in found)


def test_projects_are_listed_with_cluster_count(api: Api) -> None:
    view = api.send("GET", "/api/atlas/v2/groups").json()

    assert view["totalCount"] == 2
    first = view["results"][0]
    assert first == {
        "clusterCount": 5,
        "created": "2026-06-03T00:00:00Z",
        "id": api.emulator.group_id,
        "links": [
            {
                "href": f"{api.emulator.base_url}/api/atlas/v2/groups/{api.emulator.group_id}",
                "rel": "self",
            }
        ],
        "name": "Emulated",
        "orgId": first["orgId"],
        "tags": [],
        "withDefaultAlertsSettings": True,
    }


def test_project_is_found_by_id_and_name(run: Run) -> None:
    name = "Übung (1)"
    api = run(world=World(projects=(Project(name=name, id=GROUP_ID),)))

    by_id = api.send("GET", f"/api/atlas/v2/groups/{GROUP_ID}")
    by_name = api.send("GET", "/api/atlas/v2/groups/byName/%C3%9Cbung%20%281%29")
    unknown = api.send("GET", "/api/atlas/v2/groups/byName/Nobody")

    assert by_id.json() == by_name.json()
    assert by_id.json()["name"] == name
    assert (unknown.status, unknown.code) == (404, "GROUP_NAME_NOT_FOUND")


def test_cluster_list_excludes_flex_clusters(api: Api) -> None:
    view = api.send("GET", f"/api/atlas/v2/groups/{api.emulator.group_id}/clusters").json()

    names = [cluster["name"] for cluster in view["results"]]
    assert names == ["Cluster0", "Sharded0", "Free0", "Paused0", "NoBackup0"]
    assert view["totalCount"] == 5
    assert view["results"][3]["paused"] is True
    assert view["results"][4]["backupEnabled"] is False


def test_cluster_is_equal_alone_and_in_list(api: Api) -> None:
    path = f"/api/atlas/v2/groups/{api.emulator.group_id}/clusters"

    listed = api.send("GET", f"{path}?pageNum=2&itemsPerPage=1").json()["results"][0]
    alone = api.send("GET", f"{path}/Sharded0").json()

    assert listed == alone
    assert alone["clusterType"] == "SHARDED"
    assert len(alone["replicationSpecs"]) == 2


def test_cluster_of_newest_version_has_recorded_fields(api: Api) -> None:
    cluster = api.send("GET", api.cluster_path("Sharded0")).json()

    assert cluster["effectiveReplicationSpecs"] == cluster["replicationSpecs"]
    assert cluster["internalClusterRole"] == "NONE"
    assert cluster["retainBackups"] is False
    assert cluster["advancedConfiguration"]["minimumEnabledTlsProtocol"] == "TLS1_2"
    assert [link["rel"].rpartition("/")[2] for link in cluster["links"]] == [
        "self",
        "restoreJobs",
        "snapshots",
    ]
    region = cluster["replicationSpecs"][0]["regionConfigs"][0]
    assert region["readOnlySpecs"]["nodeCount"] == region["analyticsSpecs"]["nodeCount"] == 0
    assert region["autoScaling"]["diskGB"] == {"enabled": False}


@pytest.mark.parametrize(
    ("date", "version", "only_here"),
    [
        ("2023-01-01", "2023-01-01", "providerBackupEnabled"),
        ("2023-01-31", "2023-01-01", "srvAddress"),
        ("2023-02-01", "2023-02-01", "diskSizeGB"),
        ("2024-08-05", "2024-08-05", "redactClientLogData"),
        ("2025-03-12", "2024-08-05", "redactClientLogData"),
    ],
)
def test_cluster_has_three_versions(api: Api, date: str, version: str, only_here: str) -> None:
    headers = {"Accept": f"application/vnd.atlas.{date}+json"}

    reply = api.send("GET", api.cluster_path(), headers=headers)

    assert reply.headers["content-type"] == f"application/vnd.atlas.{version}+json;charset=utf-8"
    assert only_here in reply.json()
