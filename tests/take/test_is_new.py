"""`Snapshot.is_new`: whether the call took the snapshot or found one."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AtlasBackups, SnapshotFailedError, SnapshotRequest
from atlas_backups.emulator import Behaviour
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import Snapshot
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.flavor import ClientFlavor

KEY = "nightly"
SHARDED = "Sharded0"
waits = pytest.mark.parametrize("wait", [False, True])


def fleet(flavor: ClientFlavor, atlas: AtlasBackups, **options: bool) -> Snapshot | None:
    request = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME, idempotency_key=KEY)
    (outcome,) = flavor.iterate(atlas, "take_snapshots", [request], **options)
    snapshot: Snapshot | None = outcome.snapshot
    return snapshot


@waits
@pytest.mark.parametrize("cluster_name", [CLUSTER_NAME, SHARDED])
def test_is_new_is_false_for_a_snapshot_found_by_key(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    cluster_name: str,
    *,
    wait: bool,
) -> None:
    emulator.next_snapshot(seconds=0)

    taken = [
        flavor.call(atlas, "take_snapshot", GROUP_ID, cluster_name, idempotency_key=KEY, wait=wait)
        for _ in range(2)
    ]

    assert [snapshot.is_new for snapshot in taken] == [True, False]


@waits
def test_is_new_of_a_fleet(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, *, wait: bool
) -> None:
    emulator.next_snapshot(seconds=0)

    taken = [fleet(flavor, atlas, wait=wait) for _ in range(2)]

    assert [snapshot and snapshot.is_new for snapshot in taken] == [True, False]


def test_is_new_of_a_failed_snapshot_of_a_fleet(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.next_snapshot(seconds=0, fails=True)

    snapshot = fleet(flavor, atlas, wait=True)

    assert snapshot is not None
    assert (snapshot.status, snapshot.is_new) == ("failed", True)


def test_is_new_of_a_failed_snapshot_that_was_waited_for(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.next_snapshot(seconds=0, fails=True)

    with pytest.raises(SnapshotFailedError) as caught:
        flavor.take(atlas, wait=True)

    assert caught.value.snapshot is not None
    assert caught.value.snapshot.is_new is True


def test_is_new_of_a_joined_snapshot_is_false(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.behaviour = Behaviour()
    first = flavor.take(atlas)

    joined = flavor.take(atlas, if_busy="join")

    assert (joined.id, joined.is_new) == (first.id, False)


def test_is_new_is_none_without_a_take(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, clock: ManualClock
) -> None:
    emulator.next_snapshot(seconds=0)
    taken = flavor.take(atlas)
    clock.advance(10)

    assert flavor.call(atlas, "get_snapshot", taken).is_new is None
    assert flavor.call(atlas, "wait_for_snapshot", taken).is_new is None
    listed = flavor.call(atlas, "list_snapshots", GROUP_ID, CLUSTER_NAME)
    assert {snapshot.is_new for snapshot in listed} == {None}


def test_is_new_is_kept_but_not_compared(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    taken = flavor.take(atlas)
    other = replace(taken, is_new=None)

    assert (taken, hash(taken)) == (other, hash(other))
    assert pickle.loads(pickle.dumps(taken)).is_new is True  # noqa: S301  # our own
    assert taken.to_dict()["is_new"] is True


def test_log_says_taken_or_found(
    flavor: ClientFlavor, atlas: AtlasBackups, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "atlas_backups")

    ids = [flavor.take(atlas, idempotency_key=KEY).id for _ in range(2)]

    first, second = [record.getMessage() for record in caplog.records]
    assert ids[0] in first
    assert "was taken by this call" in first
    assert ids[1] in second
    assert "this call took none" in second


def test_log_says_joined(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    caplog: pytest.LogCaptureFixture,
) -> None:
    emulator.behaviour = Behaviour()
    flavor.take(atlas)
    caplog.set_level("INFO", "atlas_backups")

    flavor.take(atlas, if_busy="join")

    assert "this call took none" in caplog.records[-1].getMessage()
