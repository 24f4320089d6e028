"""`get_snapshot` reads snapshots of replica sets and sharded clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    SnapshotNotFoundError,
)
from atlas_backups.emulator import Behaviour
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

SHARDED = "Sharded0"
NOWHERE = "6b1f0c3e2a88faeba59de4aa"
both_switches = pytest.mark.parametrize("in_plain", [False, True])


def test_get_returns_a_replica_set_snapshot(
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


def test_snapshot_object_is_accepted(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    taken = flavor.take(atlas)
    emulator.clear_requests()

    assert flavor.call(atlas, "get_snapshot", taken) == taken
    assert flavor.call(atlas, "get_snapshot", GROUP_ID, CLUSTER_NAME, taken) == taken

    assert sent(emulator) == [f"GET snapshots/{taken.id}"] * 2


def test_unknown_snapshot_raises_not_found(
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


@both_switches
def test_id_of_a_sharded_snapshot_returns_its_members(
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
