"""`list_projects` and `list_clusters` return all items."""

# anything may be passed on
from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from atlas_backups import Cluster, Project, ProjectNotFoundError
from tests.flavor import GROUP_ID
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor


def test_list_projects_returns_all_projects(
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


def test_list_clusters_returns_all_clusters(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
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


def test_unknown_project_raises(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    with pytest.raises(ProjectNotFoundError):
        flavor.call(atlas, "list_clusters", "6" * 24)


def test_unknown_fields_and_labels_are_kept(flavor: ClientFlavor, serve: Serve) -> None:
    item = {"name": "C", "clusterType": "NEW", "stateName": None, "brandNew": "x"}
    _, client = serve(always(answer(200, {"results": [item], "totalCount": 1})))

    (cluster,) = flavor.call(client, "list_clusters", GROUP_ID)

    assert (cluster.name, cluster.cluster_type, cluster.state_name) == ("C", "NEW", None)
    assert (cluster.backup_enabled, cluster.paused) == (None, None)
    assert cluster.extra["brandNew"] == "x"
