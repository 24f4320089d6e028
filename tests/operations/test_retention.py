"""`update_retention` sets the retention, counted from completion."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    CompliancePolicyError,
    SnapshotNotCompletedError,
    SnapshotNotFoundError,
)
from atlas_backups.emulator import Fault
from tests.bodies import SNAPSHOT_ID
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

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
def test_each_unit_counts_from_completion(
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


def test_snapshot_object_is_accepted(flavor: ClientFlavor, client: AtlasBackups) -> None:
    taken = flavor.take(client)

    assert retain(flavor, client, taken, days=9).expires_at == ENDED + timedelta(days=9)


def test_unfinished_snapshot_raises(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    taken = flavor.take(atlas)

    with pytest.raises(SnapshotNotCompletedError):
        retain(flavor, atlas, taken, days=9)

    assert [line.split()[0] for line in sent(emulator)] == ["POST", "PATCH"]


def test_wait_updates_after_completion(
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


def test_unknown_snapshot_raises_not_found(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    with pytest.raises(SnapshotNotFoundError):
        retain(flavor, client, GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID, days=9, wait=True)

    assert sent(quick) == [f"PATCH snapshots/{SNAPSHOT_ID}"]


def test_compliance_policy_raises(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    code = "CANNOT_DECREASE_SNAPSHOT_RETENTION_WITH_BACKUP_COMPLIANCE_POLICY"
    quick.fault(replace(Fault.error(400, code), method="PATCH"))

    with pytest.raises(CompliancePolicyError):
        retain(flavor, client, taken, days=1, wait=True)
