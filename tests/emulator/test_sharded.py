from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Behaviour, Cluster, Project, World

if TYPE_CHECKING:
    from .conftest import Api, Run

NAME = "Sharded0"


def test_parts_appear_during_progress(api: Api) -> None:
    snapshot_id = api.taken(NAME)
    counts: list[int] = []

    for seconds in (0, 20, 30, 30, 20, 60):
        api.clock.advance(seconds)
        view = api.get(f"/shardedCluster/{snapshot_id}", NAME).json()
        assert view["snapshotIds"] == [member["id"] for member in view["members"]]
        counts.append(len(view["members"]))

    assert counts == [0, 0, 1, 2, 3, 3]
    assert view["status"] == "completed"
    assert [member["replicaSetName"] for member in view["members"]] == [
        "Sharded0-shard-0",
        "Sharded0-shard-1",
        "Sharded0-config-0",
    ]
    assert {member["cloudProvider"] for member in view["members"]} == {"AWS"}


def test_embedded_config_server_is_no_part(run: Run) -> None:
    cluster = Cluster(name="S", cluster_type="SHARDED", num_shards=3, config_server_type="EMBEDDED")
    world = World(projects=(Project(name="P", id="a" * 24, clusters=(cluster,)),))
    api = run(world=world, snapshot_seconds=0)

    view = api.take("S").json()

    assert view["configServerType"] == "EMBEDDED"
    assert len(view["snapshotIds"]) == 3


def test_sharded_list_is_unpaged_and_sorted_newest_first(api: Api) -> None:
    snapshot_id = api.taken(NAME)

    reply = api.get("/shardedClusters", NAME)

    assert reply.json()["results"][0]["id"] == snapshot_id
    assert reply.json()["totalCount"] == 2
    assert api.get("/shardedClusters?pageNum=1", NAME).status == 400


@pytest.fixture
def separate(run: Run) -> Api:
    """An emulator that serves sharded snapshots only at the endpoints of sharded clusters."""
    return run(behaviour=Behaviour(sharded_in_plain_endpoints=False))


def test_plain_endpoints_without_sharded_snapshots(separate: Api) -> None:
    api = separate
    snapshot_id = api.taken(NAME)
    api.clock.advance(200)
    part = api.get(f"/shardedCluster/{snapshot_id}", NAME).json()["snapshotIds"][0]

    assert api.listed(cluster=NAME) == []
    assert api.get(f"/{snapshot_id}", NAME).code == "SNAPSHOT_NOT_FOUND"
    assert api.get(f"/{part}", NAME).code == "SNAPSHOT_NOT_FOUND"
    assert api.send("DELETE", api.path(f"/{snapshot_id}", NAME)).code == "SNAPSHOT_NOT_FOUND"


def test_plain_list_with_parts(run: Run) -> None:
    behaviour = Behaviour(sharded_in_plain_endpoints=False, sharded_parts_listed=True)
    api = run(behaviour=behaviour)
    snapshot_id = api.taken(NAME)
    api.clock.advance(200)

    whole = api.get(f"/shardedCluster/{snapshot_id}", NAME).json()
    listed = api.listed(cluster=NAME)
    part = api.get(f"/{whole['snapshotIds'][1]}", NAME).json()

    assert listed[:3] == whole["snapshotIds"]
    assert snapshot_id not in listed
    assert part["type"] == "replicaSet"
    assert part["replicaSetName"] == "Sharded0-shard-1"
    assert "members" not in part


def test_plain_endpoints_return_sharded_snapshot_by_default(api: Api) -> None:
    snapshot_id = api.taken(NAME)
    api.clock.advance(200)
    body = b'{"retentionUnit":"WEEKS","retentionValue":2}'

    assert api.listed(cluster=NAME)[0] == snapshot_id
    whole = api.get(f"/{snapshot_id}", NAME).json()
    assert whole["type"] == "shardedCluster"
    assert len(whole["members"]) == 3
    changed = api.send("PATCH", api.path(f"/{snapshot_id}", NAME), body)
    assert changed.json()["expiresAt"] == "2026-09-15T00:02:37Z"
    assert api.send("DELETE", api.path(f"/{snapshot_id}", NAME)).status == 204


def test_sharded_snapshot_is_deleted_at_both_endpoints(api: Api) -> None:
    snapshot_id = api.taken(NAME)
    early = api.send("DELETE", api.path(f"/shardedCluster/{snapshot_id}", NAME))
    api.clock.advance(200)

    reply = api.send("DELETE", api.path(f"/shardedCluster/{snapshot_id}", NAME))

    assert early.code == "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT"
    assert reply.status == 204
    assert api.get(f"/shardedCluster/{snapshot_id}", NAME).code == "SNAPSHOT_NOT_FOUND"


def test_retention_is_changed_at_plain_endpoint(api: Api) -> None:
    snapshot_id = api.taken(NAME)
    api.clock.advance(200)

    body = b'{"retentionUnit":"DAYS","retentionValue":9}'
    reply = api.send("PATCH", api.path(f"/{snapshot_id}", NAME), body)

    assert reply.json()["expiresAt"] == "2026-09-10T00:02:37Z"


def test_part_cannot_be_deleted_or_changed(api: Api) -> None:
    snapshot_id = api.taken(NAME)
    api.clock.advance(200)
    part = api.get(f"/shardedCluster/{snapshot_id}", NAME).json()["snapshotIds"][0]

    deleted = api.send("DELETE", api.path(f"/{part}", NAME))
    body = b'{"retentionUnit":"DAYS","retentionValue":9}'
    changed = api.send("PATCH", api.path(f"/{part}", NAME), body)

    assert (deleted.status, deleted.code) == (403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT")
    assert (changed.status, changed.code) == (403, "CANNOT_MODIFY_CLUSTER_SNAPSHOT")


@pytest.mark.parametrize(
    ("switch", "status", "code"),
    [
        ("empty", 200, None),
        (400, 400, "VALIDATION_ERROR"),
        (404, 404, "RESOURCE_NOT_FOUND"),
    ],
)
def test_sharded_list_of_replica_set_follows_behaviour(
    run: Run, switch: object, status: int, code: str | None
) -> None:
    api = run()
    changes = {"sharded_list_of_replica_set": switch}
    api.emulator.behaviour = Behaviour(**changes)  # type: ignore[arg-type]

    reply = api.get("/shardedClusters")

    assert reply.status == status
    assert reply.json().get("errorCode") == code
    if code is None:
        assert reply.json()["results"] == []


def test_replica_set_snapshot_at_sharded_endpoint_has_no_members(api: Api) -> None:
    snapshot_id = api.taken()

    reply = api.get(f"/shardedCluster/{snapshot_id}")
    unknown = api.get(f"/shardedCluster/{'0' * 24}")
    deleted = api.send("DELETE", api.path(f"/shardedCluster/{snapshot_id}"))

    assert reply.status == 200
    assert reply.json() == {**api.get(f"/{snapshot_id}").json(), "members": [], "snapshotIds": []}
    assert unknown.code == "SNAPSHOT_NOT_FOUND"
    assert deleted.code == "SNAPSHOT_NOT_FOUND"


def test_replica_set_snapshot_at_sharded_endpoint_can_be_404(run: Run) -> None:
    api = run(behaviour=Behaviour(sharded_path_of_replica_set=404))
    snapshot_id = api.taken()

    assert api.get(f"/shardedCluster/{snapshot_id}").code == "SNAPSHOT_NOT_FOUND"
