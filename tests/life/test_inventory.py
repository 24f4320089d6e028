"""`list_projects` and `list_clusters` give all there are."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import Cluster, InvalidResponseError, Project, ProjectNotFoundError
from atlas_backups import emulator as emulated
from atlas_backups.emulator import Fault
from tests.flavor import GROUP_ID
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve, StartEmulator
    from tests.flavor import ClientFlavor

METHODS = [("list_projects", ()), ("list_clusters", (GROUP_ID,))]
methods = pytest.mark.parametrize(("method", "arguments"), METHODS)


def test_the_projects_of_the_default_world(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    projects = flavor.call(atlas, "list_projects")

    assert projects.__class__ is tuple
    assert [(project.name, project.cluster_count) for project in projects] == [
        ("Emulated", 5),
        ("Empty", 0),
    ]
    first = projects[0]
    assert type(first) is Project
    assert (first.id, first.org_id) == (GROUP_ID, emulator.world.projects[0].org_id)
    assert isinstance(first.created, datetime)
    assert first.created.tzinfo is not None


def test_the_clusters_of_the_default_world(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    clusters = flavor.call(atlas, "list_clusters", GROUP_ID)

    assert {type(cluster) for cluster in clusters} == {Cluster}
    assert {cluster.group_id for cluster in clusters} == {GROUP_ID}
    by_name = {cluster.name: cluster for cluster in clusters}
    assert set(by_name) == {"Cluster0", "Sharded0", "Free0", "Paused0", "NoBackup0"}
    assert [by_name[name].cluster_type for name in ("Cluster0", "Sharded0")] == [
        "REPLICASET",
        "SHARDED",
    ]
    assert (by_name["Cluster0"].backup_enabled, by_name["NoBackup0"].backup_enabled) == (
        True,
        False,
    )
    assert (by_name["Cluster0"].paused, by_name["Paused0"].paused) == (False, True)
    assert by_name["Cluster0"].mongo_db_version == "8.0.29"
    assert by_name["Cluster0"].state_name == "IDLE"


def test_a_project_without_clusters(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    assert flavor.call(atlas, "list_clusters", emulator.world.projects[1].id) == ()


def test_a_project_that_is_not_there(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    with pytest.raises(ProjectNotFoundError):
        flavor.call(atlas, "list_clusters", "6" * 24)


def test_all_pages_of_projects(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    projects = [emulated.Project(name=f"P{n}", id=f"{n:024x}") for n in range(1001)]
    emulator = start_emulator(world=emulated.World(projects=tuple(projects)))
    atlas = make_client(emulator.access_token, base_url=emulator.base_url)

    found = flavor.call(atlas, "list_projects")

    assert [project.name for project in found] == [project.name for project in projects]
    assert len(emulator.requests) == 3


def test_all_pages_of_clusters(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    clusters = tuple(emulated.Cluster(name=f"C{number}") for number in range(501))
    project = emulated.Project(name="P", id=GROUP_ID, clusters=clusters)
    emulator = start_emulator(world=emulated.World(projects=(project,)))
    atlas = make_client(emulator.access_token, base_url=emulator.base_url)

    found = flavor.call(atlas, "list_clusters", GROUP_ID)

    assert [cluster.name for cluster in found] == [cluster.name for cluster in clusters]
    assert len(emulator.requests) == 2


@methods
def test_passing_faults_are_repeated(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, method: str, arguments: Any
) -> None:
    emulator.fault(Fault(status=503))
    emulator.fault(Fault(reset="after"))

    assert len(flavor.call(atlas, method, *arguments)) > 1


@methods
@pytest.mark.parametrize("item", [{}, {"id": None}, {"name": 7}, 7, None])
def test_an_item_without_its_name_spoils_the_list(  # fixtures
    flavor: ClientFlavor, serve: Serve, method: str, arguments: Any, item: Any
) -> None:
    _, client = serve(always(answer(200, {"results": [item], "totalCount": 1})), max_retries=0)

    with pytest.raises(InvalidResponseError):
        flavor.call(client, method, *arguments)


def test_unknown_fields_and_labels_are_kept(flavor: ClientFlavor, serve: Serve) -> None:
    item = {"name": "C", "clusterType": "NEW", "stateName": None, "brandNew": "x"}
    _, client = serve(always(answer(200, {"results": [item], "totalCount": 1})))

    (cluster,) = flavor.call(client, "list_clusters", GROUP_ID)

    assert (cluster.name, cluster.cluster_type, cluster.state_name) == ("C", "NEW", None)
    assert (cluster.backup_enabled, cluster.paused) == (None, None)
    assert cluster.extra["brandNew"] == "x"
