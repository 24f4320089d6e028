"""`get_snapshot` reads a snapshot where its kind of cluster has it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    BadRequestError,
    ClusterNotFoundError,
    InvalidResponseError,
    ReplicaSetSnapshot,
    ServerError,
    ShardedClusterSnapshot,
    SnapshotNotFoundError,
)
from atlas_backups.emulator import Behaviour, Fault
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient, Serve, StartEmulator
    from tests.flavor import ClientFlavor

SHARDED = "Sharded0"
NOWHERE = "6b1f0c3e2a88faeba59de4aa"
both_switches = pytest.mark.parametrize("in_plain", [False, True])


@pytest.fixture
def client(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(emulator.access_token, base_url=emulator.base_url, max_retries=0)


def test_the_snapshot_of_a_replica_set(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, clock: ManualClock
) -> None:
    taken = flavor.take(atlas, description="nightly")
    clock.advance(200)
    emulator.clear_requests()

    snapshot = flavor.call(atlas, "get_snapshot", GROUP_ID, CLUSTER_NAME, taken.id)

    assert type(snapshot) is ReplicaSetSnapshot
    assert (snapshot.id, snapshot.status) == (taken.id, "completed")
    assert (snapshot.group_id, snapshot.cluster_name) == (GROUP_ID, CLUSTER_NAME)
    assert (snapshot.description, snapshot.storage_size_bytes) == ("nightly", 5_368_709_120)
    assert sent(emulator) == [f"GET snapshots/{taken.id}"]


def test_a_snapshot_instead_of_three_arguments(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    taken = flavor.take(atlas)
    emulator.clear_requests()

    assert flavor.call(atlas, "get_snapshot", taken) == taken
    assert flavor.call(atlas, "get_snapshot", GROUP_ID, CLUSTER_NAME, taken) == taken

    assert sent(emulator) == [f"GET snapshots/{taken.id}"] * 2


def test_one_that_never_was(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    with pytest.raises(SnapshotNotFoundError) as caught:
        flavor.call(atlas, "get_snapshot", GROUP_ID, CLUSTER_NAME, NOWHERE)

    assert caught.value.path is not None
    assert caught.value.path.endswith(f"/snapshots/{NOWHERE}")
    assert sent(emulator) == [
        f"GET snapshots/{NOWHERE}",
        f"GET snapshots/shardedCluster/{NOWHERE}",
    ]


def test_one_that_is_too_new_is_not_waited_for(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    taken = flavor.take(atlas)
    emulator.behaviour = Behaviour(get_lag_seconds=5)

    with pytest.raises(SnapshotNotFoundError):
        flavor.call(atlas, "get_snapshot", taken)


def test_a_cluster_that_is_not_there_is_asked_once(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    with pytest.raises(ClusterNotFoundError):
        flavor.call(atlas, "get_snapshot", GROUP_ID, "Nowhere", NOWHERE)

    assert len(emulator.requests) == 1


@both_switches
def test_a_bare_id_of_a_sharded_cluster_is_found_with_its_members(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, *, in_plain: bool
) -> None:
    behaviour = Behaviour(sharded_in_plain_endpoints=in_plain)
    emulator = start_emulator(behaviour=behaviour, snapshot_seconds=0)
    atlas = make_client(emulator.access_token, base_url=emulator.base_url)
    taken = flavor.call(atlas, "take_snapshot", GROUP_ID, SHARDED)
    emulator.clear_requests()

    snapshot = flavor.call(atlas, "get_snapshot", GROUP_ID, SHARDED, taken.id)

    assert type(snapshot) is ShardedClusterSnapshot
    assert [member.replica_set_name for member in snapshot.members] == [
        "Sharded0-shard-0",
        "Sharded0-shard-1",
        "Sharded0-config-0",
    ]
    assert snapshot.snapshot_ids == tuple(member.id for member in snapshot.members)
    assert sent(emulator) == [
        f"GET snapshots/{taken.id}",
        f"GET snapshots/shardedCluster/{taken.id}",
    ]


@both_switches
def test_a_known_sharded_one_is_asked_for_at_its_own_endpoint(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, *, in_plain: bool
) -> None:
    emulator = start_emulator(behaviour=Behaviour(sharded_in_plain_endpoints=in_plain))
    atlas = make_client(emulator.access_token, base_url=emulator.base_url)
    taken = flavor.call(atlas, "take_snapshot", GROUP_ID, SHARDED)
    emulator.clear_requests()

    snapshot = flavor.call(atlas, "get_snapshot", taken)

    assert snapshot.id == taken.id
    assert sent(emulator) == [f"GET snapshots/shardedCluster/{taken.id}"]


def test_what_only_the_plain_endpoint_has_is_given(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(behaviour=Behaviour(sharded_in_plain_endpoints=True))
    atlas = make_client(emulator.access_token, base_url=emulator.base_url)
    taken = flavor.call(atlas, "take_snapshot", GROUP_ID, SHARDED)
    gone = Fault.error(404, "RESOURCE_NOT_FOUND")
    emulator.fault(replace(gone, path="/shardedCluster/", times=None))

    assert flavor.call(atlas, "get_snapshot", GROUP_ID, SHARDED, taken.id).id == taken.id
    assert flavor.call(atlas, "get_snapshot", taken).id == taken.id


def test_a_part_is_read_where_atlas_shows_parts(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(behaviour=Behaviour(sharded_parts_listed=True), snapshot_seconds=0)
    atlas = make_client(emulator.access_token, base_url=emulator.base_url)
    part = flavor.call(atlas, "take_snapshot", GROUP_ID, SHARDED).members[1]

    snapshot = flavor.call(atlas, "get_snapshot", GROUP_ID, SHARDED, part.id)
    emulator.behaviour = Behaviour()
    with pytest.raises(SnapshotNotFoundError):
        flavor.call(atlas, "get_snapshot", GROUP_ID, SHARDED, part.id)

    assert type(snapshot) is ReplicaSetSnapshot
    assert (snapshot.id, snapshot.replica_set_name) == (part.id, "Sharded0-shard-1")


def test_a_refusal_of_the_other_endpoint_means_not_found(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups
) -> None:
    emulator.fault(replace(Fault.error(400, "VALIDATION_ERROR"), path="/shardedCluster/"))

    with pytest.raises(SnapshotNotFoundError):
        flavor.call(client, "get_snapshot", GROUP_ID, CLUSTER_NAME, NOWHERE)


def test_a_refusal_of_the_first_endpoint_is_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups
) -> None:
    emulator.fault(Fault.error(400, "VALIDATION_ERROR"))

    with pytest.raises(BadRequestError):
        flavor.call(client, "get_snapshot", GROUP_ID, CLUSTER_NAME, NOWHERE)

    assert len(emulator.requests) == 1


def test_an_outage_of_the_other_endpoint_does_not_mean_not_found(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups
) -> None:
    emulator.fault(Fault(status=502, path="/shardedCluster/"))

    with pytest.raises(ServerError):
        flavor.call(client, "get_snapshot", GROUP_ID, CLUSTER_NAME, NOWHERE)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(reset="before"),
        Fault(reset="after"),
        Fault(status=500),
        Fault(status=503, body=b"<html>", headers={"Content-Type": "text/html"}),
        Fault(cut_body=20),
        Fault(raw=b"HTTP/1.1 200 OK\r\nConte"),
    ],
    ids=["reset before", "reset after", "500", "503 HTML", "half a body", "half a head"],
)
def test_passing_faults_are_repeated(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, fault: Fault
) -> None:
    taken = flavor.take(atlas)
    emulator.fault(replace(fault, times=2))

    assert flavor.call(atlas, "get_snapshot", taken) == taken


@pytest.mark.parametrize(
    "body", ["<html>", "null", "[]", "{}", queued(id=None), queued(id="x"), {"results": []}]
)
def test_an_answer_that_is_no_snapshot(flavor: ClientFlavor, serve: Serve, body: str) -> None:
    server, client = serve(always(answer(200, body)), max_retries=0)

    with pytest.raises(InvalidResponseError):
        flavor.call(client, "get_snapshot", GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID)

    assert len(server.requests) == 1
