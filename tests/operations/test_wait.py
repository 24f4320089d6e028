"""`wait_for_snapshot` and `watch_snapshot` follow a snapshot until it is final."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    InvalidArgumentError,
    ShardedClusterSnapshot,
    SnapshotFailedError,
    WaitTimeoutError,
)
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

SOON = {"poll_interval": 0.01}


@pytest.fixture
def ticking(start_emulator: StartEmulator) -> AtlasEmulator:
    """A snapshot takes 157 s there, which are over after 16 answers."""
    return start_emulator(tick=10)


@pytest.fixture
def client(ticking: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(ticking.access_token, base_url=ticking.base_url)


def wait(flavor: ClientFlavor, client: AtlasBackups, *snapshot: Any, **options: Any) -> Snapshot:
    options = {**SOON, **options}
    waited: Snapshot = flavor.call(client, "wait_for_snapshot", *snapshot, **options)
    return waited


def watch(flavor: ClientFlavor, client: AtlasBackups, *snapshot: Any, **options: Any) -> Any:
    return flavor.iterate(client, "watch_snapshot", *snapshot, **{**SOON, **options})


def polls(emulator: AtlasEmulator) -> int:
    return sum(line.startswith("GET") for line in sent(emulator))


def test_wait_returns_the_completed_snapshot(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client, description="nightly")

    done = wait(flavor, client, GROUP_ID, CLUSTER_NAME, taken.id)

    assert (done.id, done.status, done.description) == (taken.id, "completed", "nightly")
    assert done.created_at is not None
    assert polls(ticking) == 16


def test_watch_yields_each_change_once(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)

    changes = list(watch(flavor, client, taken))

    assert [change.status for change in changes] == [
        "inProgress",
        "inProgress",  # with its mongod_version
        "inProgress",  # with its cloud_provider
        "completed",
    ]
    assert [change.mongod_version for change in changes] == [None, *["8.0.29"] * 3]
    assert [change.cloud_provider for change in changes] == [None, None, "AWS", "AWS"]
    assert all(one != other for one, other in pairwise(changes))
    assert [change.is_final for change in changes] == [False, False, False, True]
    assert polls(ticking) == 16


def test_watch_yields_changes_of_members(flavor: ClientFlavor, client: AtlasBackups) -> None:
    taken = flavor.call(client, "take_snapshot", GROUP_ID, "Sharded0")

    changes = list(watch(flavor, client, GROUP_ID, "Sharded0", taken.id))

    assert {type(change) for change in changes} == {ShardedClusterSnapshot}
    counts = [len(change.members) for change in changes]
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}
    assert changes[-1].status == "completed"


def test_wait_raises_for_a_failed_snapshot(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    ticking.next_snapshot(fails=True)
    taken = flavor.take(client)

    with pytest.raises(SnapshotFailedError, match=taken.id) as caught:
        wait(flavor, client, taken)

    assert caught.value.snapshot is not None
    assert (caught.value.snapshot.id, caught.value.snapshot.status) == (taken.id, "failed")


def test_watch_yields_a_failed_snapshot_last(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    ticking.next_snapshot(fails=True)
    taken = flavor.take(client)

    assert [change.status for change in watch(flavor, client, taken)][-1] == "failed"


@pytest.mark.parametrize("poll_interval", [0.05, None])
def test_wait_timeout_has_the_snapshot_as_last_seen(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups, poll_interval: float | None
) -> None:
    ticking.next_snapshot(never_ends=True)
    taken = flavor.take(client)
    begun = time.monotonic()

    with pytest.raises(WaitTimeoutError, match=taken.id) as caught:
        wait(flavor, client, taken, timeout=1.5, poll_interval=poll_interval)

    assert 1.3 < time.monotonic() - begun < 10
    assert caught.value.snapshot is not None
    assert caught.value.snapshot.status == "inProgress"
    assert {line.split()[0] for line in sent(ticking)} == {"POST", "GET"}


def test_watch_timeout_includes_the_time_of_the_caller(
    flavor: ClientFlavor, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    changes = watch(flavor, client, taken, timeout=1.0)
    next(changes)
    time.sleep(1.1)

    with pytest.raises(WaitTimeoutError):
        next(changes)


def test_poll_interval_is_the_pause_between_polls(
    flavor: ClientFlavor, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    begun = time.monotonic()

    wait(flavor, client, taken, poll_interval=0.02)

    assert time.monotonic() - begun >= 15 * 0.02


def test_snapshot_object_is_accepted_as_third_argument(
    flavor: ClientFlavor, client: AtlasBackups
) -> None:
    taken = flavor.take(client)

    assert wait(flavor, client, GROUP_ID, CLUSTER_NAME, taken).id == taken.id


@pytest.mark.parametrize("place", [("6" * 24, CLUSTER_NAME), (GROUP_ID, "Sharded0")])
def test_snapshot_of_another_cluster_is_rejected(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups, place: tuple[str, str]
) -> None:
    taken = flavor.take(client)

    with pytest.raises(InvalidArgumentError, match=f"{taken.id} belongs to cluster {CLUSTER_NAME}"):
        wait(flavor, client, *place, taken)
    with pytest.raises(InvalidArgumentError, match="belongs to cluster"):
        next(watch(flavor, client, *place, taken))

    assert polls(ticking) == 0


def test_watch_sends_nothing_before_iteration_and_after_close(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    changes = watch(flavor, client, taken)
    assert polls(ticking) == 0

    next(changes)
    changes.close()

    assert polls(ticking) == 1


def test_progress_prints_a_line_for_each_change(
    flavor: ClientFlavor, client: AtlasBackups, capfd: pytest.CaptureFixture[str]
) -> None:
    taken = flavor.take(client)

    wait(flavor, client, taken, progress=True)

    out, err = capfd.readouterr()
    assert out == ""
    states = [line.split(" (")[0] for line in err.splitlines() if " is " in line]
    # How many changes a poll finds depends on when the emulator answers about earlier ones.
    assert set(states[:-1]) == {f"{CLUSTER_NAME}: snapshot {taken.id} is inProgress"}
    assert states[-1] == f"{CLUSTER_NAME}: snapshot {taken.id} is completed"


def test_no_progress_prints_nothing(
    flavor: ClientFlavor, client: AtlasBackups, capfd: pytest.CaptureFixture[str]
) -> None:
    wait(flavor, client, flavor.take(client))

    assert capfd.readouterr() == ("", "")


def test_take_with_wait_returns_the_completed_snapshot(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    ticking.next_snapshot(seconds=5)

    done = flavor.take(client, wait=True)

    assert done.status == "completed"
    assert [line.split()[0] for line in sent(ticking)] == ["POST", "GET"]


def test_take_with_wait_raises_for_a_failed_snapshot(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    ticking.next_snapshot(seconds=5, fails=True)

    with pytest.raises(SnapshotFailedError):
        flavor.take(client, wait=True)


def test_take_with_wait_times_out(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    ticking.next_snapshot(never_ends=True)

    with pytest.raises(WaitTimeoutError) as caught:
        flavor.take(client, wait=True, wait_timeout=0.3)

    assert caught.value.snapshot is not None
    assert caught.value.snapshot.id in {held.id for held in ticking.snapshots}
