"""What Atlas' own programs read beside snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Cluster, Project, World

if TYPE_CHECKING:
    from .conftest import Api, Run


def group_path(api: Api, tail: str) -> str:
    return f"/api/atlas/v2/groups/{api.emulator.group_id}/{tail}"


def test_schedule_is_read(api: Api) -> None:
    cluster = api.send("GET", api.cluster_path()).json()

    reply = api.send("GET", f"{api.cluster_path()}/backup/schedule")

    view = reply.json()
    assert reply.headers["content-type"].startswith("application/vnd.atlas.2024-08-05+json")
    assert (view["clusterName"], view["clusterId"]) == ("Cluster0", cluster["id"])
    assert view["policies"][0]["policyItems"][0]["frequencyType"] == "daily"
    assert view["copySettings"] == []


@pytest.mark.parametrize(
    ("cluster", "status", "code"),
    [
        ("NoBackup0", 404, "BACKUP_CONFIG_NOT_FOUND"),
        ("Free0", 400, "TENANT_CLUSTER_UPDATE_UNSUPPORTED"),
        ("Flex0", 400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"),
        ("Nobody0", 404, "CLUSTER_NOT_FOUND"),
    ],
)
def test_cluster_without_backup_has_no_schedule(
    api: Api, cluster: str, status: int, code: str
) -> None:
    reply = api.send("GET", f"{api.cluster_path(cluster)}/backup/schedule")

    assert (reply.status, reply.code) == (status, code)


def test_containers_are_listed_by_region(run: Run) -> None:
    clusters = (
        Cluster(name="A", region="EU_CENTRAL_1"),
        Cluster(name="B", region="EU_CENTRAL_1"),
        Cluster(name="C", region="US_EAST_1"),
        Cluster(name="D", provider="GCP", region="WESTERN_EUROPE"),
        Cluster(name="E", flex=True, region="EU_WEST_1"),
    )
    api = run(world=World(projects=(Project(name="P", id="a" * 24, clusters=clusters),)))

    aws = api.send("GET", group_path(api, "containers?providerName=AWS")).json()
    usual = api.send("GET", group_path(api, "containers")).json()
    gcp = api.send("GET", group_path(api, "containers?providerName=GCP")).json()
    azure = api.send("GET", group_path(api, "containers?providerName=AZURE")).json()

    assert [item["regionName"] for item in aws["results"]] == ["EU_CENTRAL_1", "US_EAST_1"]
    assert aws["results"] == usual["results"]
    assert [item["providerName"] for item in gcp["results"]] == ["GCP"]
    assert (azure["results"], azure["totalCount"]) == ([], 0)


def test_teams_are_empty(api: Api) -> None:
    view = api.send("GET", group_path(api, "teams?itemsPerPage=100&pageNum=1")).json()

    assert (view["results"], view["totalCount"]) == ([], 0)


@pytest.mark.parametrize("tail", ["containers", "teams", "clusters/Cluster0/backup/schedule"])
def test_related_resources_are_read_only(api: Api, tail: str) -> None:
    for method in ("POST", "PATCH", "DELETE"):
        assert api.send(method, group_path(api, tail), b"{}").status == 405
