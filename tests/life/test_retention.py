"""`update_retention` says how long a snapshot is kept, counted from its completion."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    CompliancePolicyError,
    ForbiddenError,
    InvalidResponseError,
    ServerError,
    ShardedClusterSnapshot,
    SnapshotNotCompletedError,
    SnapshotNotFoundError,
    WaitTimeoutError,
)
from atlas_backups.emulator import Fault
from tests.bodies import SNAPSHOT_ID
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient, Serve, StartEmulator
    from tests.flavor import ClientFlavor

SHARDED = "Sharded0"
UNFINISHED = "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION"
# The emulator's time stands still at the beginning of September, and snapshots end at once.
ENDED = datetime(2026, 9, 1, tzinfo=timezone.utc)


@pytest.fixture
def quick(start_emulator: StartEmulator) -> AtlasEmulator:
    return start_emulator(snapshot_seconds=0)


@pytest.fixture
def client(quick: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(quick.access_token, base_url=quick.base_url)


def retain(flavor: ClientFlavor, client: AtlasBackups, *snapshot: Any, **options: Any) -> Snapshot:
    kept: Snapshot = flavor.call(client, "update_retention", *snapshot, **options)
    return kept


@pytest.mark.parametrize(
    ("unit", "expires"),
    [
        ({"days": 9}, ENDED + timedelta(days=9)),
        ({"weeks": 2}, ENDED + timedelta(days=14)),
        ({"months": 3}, datetime(2026, 12, 1, tzinfo=timezone.utc)),
        ({"years": 1}, datetime(2027, 9, 1, tzinfo=timezone.utc)),
    ],
)
def test_each_unit_counts_from_the_completion(
    flavor: ClientFlavor,
    quick: AtlasEmulator,
    client: AtlasBackups,
    unit: dict[str, int],
    expires: datetime,
) -> None:
    taken = flavor.take(client)

    changed = retain(flavor, client, GROUP_ID, CLUSTER_NAME, taken.id, **unit)

    ((name, value),) = unit.items()
    assert (changed.id, changed.expires_at) == (taken.id, expires)
    assert flavor.call(client, "get_snapshot", taken).expires_at == expires
    assert quick.requests[1].json() == {"retentionUnit": name.upper(), "retentionValue": value}
    assert quick.requests[1].method == "PATCH"


def test_a_snapshot_instead_of_three_arguments(flavor: ClientFlavor, client: AtlasBackups) -> None:
    taken = flavor.take(client)

    assert retain(flavor, client, taken, days=9).expires_at == ENDED + timedelta(days=9)


def test_the_largest_number_there_is(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)

    retain(flavor, client, taken, days=2**31 - 1)

    assert quick.requests[1].json()["retentionValue"] == 2**31 - 1


def test_an_unfinished_snapshot_is_refused_by_atlas(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    taken = flavor.take(atlas)

    with pytest.raises(SnapshotNotCompletedError):
        retain(flavor, atlas, taken, days=9)

    assert [line.split()[0] for line in sent(emulator)] == ["POST", "PATCH"]


def test_an_unfinished_snapshot_is_waited_for_if_that_is_wanted(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(tick=100)  # a snapshot takes 157 s
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    taken = flavor.take(client)
    emulator.clear_requests()

    changed = retain(flavor, client, taken, days=9, wait=True)

    assert changed.status == "completed"
    assert changed.expires_at == ENDED + timedelta(days=9, seconds=157)
    assert [line.split()[0] for line in sent(emulator)] == ["PATCH", "GET", "PATCH"]


def test_a_finished_snapshot_is_not_waited_for(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    quick.clear_requests()

    retain(flavor, client, taken, days=9, wait=True)

    assert [line.split()[0] for line in sent(quick)] == ["PATCH"]


def test_the_wait_for_it_is_bounded(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.next_snapshot(never_ends=True)
    taken = flavor.take(atlas)
    begun = time.monotonic()

    with pytest.raises(WaitTimeoutError) as caught:
        retain(flavor, atlas, taken, days=9, wait=True, wait_timeout=0.3)

    assert time.monotonic() - begun < 10
    assert caught.value.snapshot == taken
    assert [line.split()[0] for line in sent(emulator)].count("PATCH") == 1


def test_lost_answers_are_asked_for_again(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    for fault in (Fault(reset="after"), Fault(status=503, effect=True), Fault(reset="before")):
        quick.fault(replace(fault, method="PATCH"))

    changed = retain(flavor, client, taken, days=9)

    assert changed.expires_at == ENDED + timedelta(days=9)
    assert [line.split()[0] for line in sent(quick)].count("PATCH") == 3  # and one never came


def test_an_outage_that_stays_is_raised(
    flavor: ClientFlavor, quick: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(quick.access_token, base_url=quick.base_url, max_retries=1)
    taken = flavor.take(client)
    quick.fault(Fault(method="PATCH", status=503, times=None))

    with pytest.raises(ServerError, match="2 attempts"):
        retain(flavor, client, taken, days=9)


def test_a_sharded_snapshot_is_changed_as_a_whole(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.call(client, "take_snapshot", GROUP_ID, SHARDED)
    quick.clear_requests()

    for snapshot in ((taken,), (GROUP_ID, SHARDED, taken.id)):
        changed = retain(flavor, client, *snapshot, days=9)
        assert type(changed) is ShardedClusterSnapshot
        assert changed.expires_at == ENDED + timedelta(days=9)

    assert sent(quick) == [f"PATCH snapshots/{taken.id}"] * 2


def test_a_part_cannot_be_changed_alone(flavor: ClientFlavor, client: AtlasBackups) -> None:
    taken = flavor.call(client, "take_snapshot", GROUP_ID, SHARDED)

    with pytest.raises(ForbiddenError):
        retain(flavor, client, GROUP_ID, SHARDED, taken.members[0].id, days=9)


def test_one_that_never_was(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    with pytest.raises(SnapshotNotFoundError):
        retain(flavor, client, GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID, days=9, wait=True)

    assert sent(quick) == [f"PATCH snapshots/{SNAPSHOT_ID}"]


def test_a_policy_that_forbids_it(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    code = "CANNOT_DECREASE_SNAPSHOT_RETENTION_WITH_BACKUP_COMPLIANCE_POLICY"
    quick.fault(replace(Fault.error(400, code), method="PATCH"))

    with pytest.raises(CompliancePolicyError):
        retain(flavor, client, taken, days=1, wait=True)


def test_an_answer_without_a_snapshot_is_not_taken_for_one(
    flavor: ClientFlavor, serve: Serve
) -> None:
    _, client = serve(always(answer(200, {})))

    with pytest.raises(InvalidResponseError):
        retain(flavor, client, GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID, days=9)


def test_a_failed_snapshot_is_not_waited_for_twice(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, clock: ManualClock
) -> None:
    emulator = start_emulator()
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    emulator.next_snapshot(fails=True)
    taken = flavor.take(client)
    clock.advance(200)
    emulator.fault(replace(Fault.error(400, UNFINISHED), method="PATCH", times=None))

    with pytest.raises(SnapshotNotCompletedError):
        retain(flavor, client, taken, days=9, wait=True)

    assert [line.split()[0] for line in sent(emulator)] == ["POST", "PATCH", "GET", "PATCH"]
