"""`if_busy`: a take while another on-demand snapshot is in progress."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import SnapshotInProgressError
from atlas_backups.emulator import (
    Behaviour,
    Cluster,
    ExistingSnapshot,
    ManualClock,
    Project,
    World,
)
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

SHARDED = "Sharded0"


@pytest.fixture
def one_at_a_time(start_emulator: StartEmulator) -> AtlasEmulator:
    return start_emulator()


@pytest.fixture
def client(one_at_a_time: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(one_at_a_time.access_token, base_url=one_at_a_time.base_url)


def posts(emulator: AtlasEmulator) -> list[int | None]:
    return [request.status for request in emulator.requests if request.method == "POST"]


def busy_world(**running: Any) -> World:
    """One cluster whose on-demand snapshot is in progress."""
    usual: dict[str, Any] = {"age_seconds": 30, "snapshot_type": "onDemand"}
    snapshot = ExistingSnapshot(status="inProgress", **{**usual, **running})
    cluster = Cluster(name=CLUSTER_NAME, snapshots=(snapshot,))
    return World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),))


@pytest.mark.parametrize("cluster_name", [CLUSTER_NAME, SHARDED])
def test_raise_names_the_running_snapshot(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, client: AtlasBackups, cluster_name: str
) -> None:
    first = flavor.call(client, "take_snapshot", GROUP_ID, cluster_name)

    with pytest.raises(SnapshotInProgressError) as caught:
        flavor.call(client, "take_snapshot", GROUP_ID, cluster_name)

    assert caught.value.snapshot == first
    assert caught.value.error_code == "UNFINISHED_ON_DEMAND_SNAPSHOT"
    assert "1 attempt," in str(caught.value) or "2 attempts" in str(caught.value)
    assert posts(one_at_a_time) == [200, 400]


@pytest.mark.parametrize("cluster_name", [CLUSTER_NAME, SHARDED])
@pytest.mark.parametrize("parts", [False, True])
def test_join_returns_the_running_snapshot(  # noqa: PLR0913  # fixtures
    flavor: ClientFlavor,
    one_at_a_time: AtlasEmulator,
    client: AtlasBackups,
    clock: ManualClock,
    cluster_name: str,
    *,
    parts: bool,
) -> None:
    one_at_a_time.behaviour = Behaviour(sharded_parts_listed=parts)
    first = flavor.call(client, "take_snapshot", GROUP_ID, cluster_name)
    clock.advance(80)  # some of the parts are there by now

    joined = flavor.call(client, "take_snapshot", GROUP_ID, cluster_name, if_busy="join")

    assert joined.id == first.id
    assert posts(one_at_a_time) == [200, 400]


def test_join_with_wait_waits_for_the_running_snapshot(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=busy_world(ends_in_seconds=22), tick=5)
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    done = flavor.take(client, if_busy="join", wait=True)

    assert (done.status, done.id) == ("completed", emulator.snapshots[0].id)
    assert len(emulator.snapshots) == 1


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_wait_takes_a_snapshot_after_the_running_one(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, status: str
) -> None:
    emulator = start_emulator(tick=50)  # a snapshot takes 157 s
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    emulator.next_snapshot(fails=status == "failed")
    first = flavor.take(client)

    second = flavor.take(client, if_busy="wait")

    assert second.id != first.id
    assert second.status == "queued"
    assert {held.id: held.status for held in emulator.snapshots}[first.id] == status
    assert posts(emulator) == [200, 400, 200]
