"""`if_busy`: what a take does while another on-demand snapshot of the cluster is unfinished."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import SnapshotInProgressError, WaitTimeoutError
from atlas_backups.emulator import (
    Behaviour,
    Cluster,
    ExistingSnapshot,
    Fault,
    ManualClock,
    Project,
    World,
)
from tests.flavor import BRIEF, CLUSTER_NAME, GROUP_ID, PATH, sent

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ReceivedRequest
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

SHARDED = "Sharded0"
UNFINISHED = replace(Fault.error(400, "UNFINISHED_ON_DEMAND_SNAPSHOT"), method="POST")


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
def test_raise_tells_which_one_is_running(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, client: AtlasBackups, cluster_name: str
) -> None:
    first = flavor.call(client, "take_snapshot", GROUP_ID, cluster_name)

    with pytest.raises(SnapshotInProgressError) as caught:
        flavor.call(client, "take_snapshot", GROUP_ID, cluster_name)

    assert caught.value.snapshot == first
    assert caught.value.error_code == "UNFINISHED_ON_DEMAND_SNAPSHOT"
    assert "1 attempt," in str(caught.value) or "2 attempts" in str(caught.value)
    assert posts(one_at_a_time) == [200, 400]


def test_raise_without_a_running_one_in_sight(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, client: AtlasBackups
) -> None:
    flavor.take(client)
    one_at_a_time.behaviour = Behaviour(list_lag_seconds=300)

    with pytest.raises(SnapshotInProgressError) as caught:
        flavor.take(client)

    assert caught.value.snapshot is None


def test_raise_where_the_list_fails_is_still_the_refusal(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(one_at_a_time.access_token, base_url=one_at_a_time.base_url, max_retries=0)
    flavor.take(client)
    for fault in (Fault(status=500), Fault.error(403, "ACCESS_FORBIDDEN")):
        one_at_a_time.fault(replace(fault, method="GET"))

        with pytest.raises(SnapshotInProgressError) as caught:
            flavor.take(client)

        assert caught.value.snapshot is None


def test_a_scheduled_snapshot_is_in_nobodys_way(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=busy_world(snapshot_type="scheduled"))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    assert flavor.take(client).status == "queued"

    assert len(emulator.requests) == 1


@pytest.mark.parametrize("cluster_name", [CLUSTER_NAME, SHARDED])
@pytest.mark.parametrize("parts", [False, True])
def test_join_gives_the_running_one(  # noqa: PLR0913  # fixtures
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


def test_join_takes_one_where_none_is_running(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, client: AtlasBackups
) -> None:
    assert flavor.take(client, if_busy="join").status == "queued"

    assert sent(one_at_a_time) == ["POST snapshots"]


def test_join_and_wait_waits_for_the_running_one(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=busy_world(ends_in_seconds=22), tick=5)
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    done = flavor.take(client, if_busy="join", wait=True)

    assert (done.status, done.id) == ("completed", emulator.snapshots[0].id)
    assert len(emulator.snapshots) == 1


def test_join_takes_another_one_when_the_running_one_has_just_ended(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    # The list still shows it running, ten seconds before its own answer.
    emulator = start_emulator(world=busy_world(ends_in_seconds=10), tick=5)
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    taken = flavor.take(client, if_busy="join")

    assert emulator.snapshots[0].status == "completed"
    assert taken.id == emulator.snapshots[-1].id != emulator.snapshots[0].id
    assert posts(emulator) == [400, 200]


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_wait_takes_another_one_when_the_running_one_has_ended(
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


def test_wait_does_not_wait_where_nothing_is_running(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, client: AtlasBackups
) -> None:
    flavor.take(client, if_busy="wait")

    assert sent(one_at_a_time) == ["POST snapshots"]


def test_wait_survives_that_the_running_one_is_deleted(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=busy_world(age_seconds=300, ends_in_seconds=15), tick=6)
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    gone = Fault.error(404, "SNAPSHOT_NOT_FOUND")
    emulator.fault(replace(gone, path=emulator.snapshots[0].id, times=None))

    assert flavor.take(client, if_busy="wait").status == "queued"

    assert posts(emulator) == [400, 200]


class Rival:
    """Takes a snapshot of its own as soon as it sees that the running one has ended."""

    def __init__(self, clock: ManualClock, tick: float) -> None:
        self.emulator: AtlasEmulator | None = None
        self.took = 0
        self._clock = clock
        self._tick = tick

    def __call__(self, request: ReceivedRequest) -> None:
        emulator = self.emulator
        if emulator is None or self.took or request.method != "GET":
            return
        self._clock.advance(self._tick)
        if all(held.status in ("completed", "failed") for held in emulator.snapshots):
            self.took = 1
            token = emulator.credential("access_token").secret
            take = urllib.request.Request(
                emulator.base_url + PATH,
                b"{}",
                {
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/vnd.atlas.2025-03-12+json",
                    "Content-Type": "application/json",
                },
            )
            with urllib.request.urlopen(take) as answer:
                assert json.load(answer)["status"] == "queued"
            # Now and not before, so that the rival's is over at the second look.
            self._clock.advance(100)


def test_a_cluster_that_turns_busy_again_is_waited_for_again(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, clock: ManualClock
) -> None:
    rival = Rival(clock, 20)
    world = busy_world(ends_in_seconds=50)
    emulator = start_emulator(world=world, log=rival, snapshot_seconds=90)
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    rival.emulator = emulator

    taken = flavor.take(client, if_busy="wait")

    assert rival.took == 1
    assert len(emulator.snapshots) == 3
    assert taken.id == emulator.snapshots[-1].id


def test_a_refusal_whose_reason_is_gone_is_posted_again(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, client: AtlasBackups
) -> None:
    one_at_a_time.fault(UNFINISHED)

    assert flavor.take(client, if_busy="join").status == "queued"

    assert posts(one_at_a_time) == [400, 200]


def test_join_gives_up_when_the_time_of_the_call_is_over(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(
        one_at_a_time.access_token, base_url=one_at_a_time.base_url, total_timeout=BRIEF
    )
    one_at_a_time.fault(replace(UNFINISHED, times=None))
    begun = time.monotonic()

    with pytest.raises(SnapshotInProgressError):
        flavor.take(client, if_busy="join")

    assert time.monotonic() - begun < 10


def test_the_wait_for_a_running_one_is_bounded(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=busy_world())
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    begun = time.monotonic()

    with pytest.raises(WaitTimeoutError) as caught:
        flavor.take(client, if_busy="wait", wait_timeout=1.5)

    assert 1.3 < time.monotonic() - begun < 10
    assert caught.value.snapshot is not None
    assert caught.value.snapshot.id == emulator.snapshots[0].id
    assert posts(emulator) == [400]


def test_a_reason_out_of_sight_is_waited_for_no_longer(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, client: AtlasBackups
) -> None:
    one_at_a_time.fault(replace(UNFINISHED, times=None))
    begun = time.monotonic()

    with pytest.raises(WaitTimeoutError) as caught:
        flavor.take(client, if_busy="wait", wait_timeout=0.4)

    assert time.monotonic() - begun < 10
    assert caught.value.snapshot is None


def test_wait_timeout_bounds_both_waits_together_and_total_timeout_neither(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    # It is over at the second look for it.
    emulator = start_emulator(world=busy_world(ends_in_seconds=35), tick=10)
    emulator.next_snapshot(never_ends=True)
    client = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=2)
    begun = time.monotonic()

    with pytest.raises(WaitTimeoutError) as caught:
        flavor.take(client, if_busy="wait", wait=True, wait_timeout=4)

    assert 3 < time.monotonic() - begun < 12
    assert posts(emulator) == [400, 200]
    assert caught.value.snapshot is not None
    assert caught.value.snapshot.id == emulator.snapshots[-1].id
