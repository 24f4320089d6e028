"""`delete_snapshot` deletes at the right endpoint, and waits on request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    CompliancePolicyError,
    SnapshotNotCompletedError,
)
from atlas_backups.emulator import Behaviour, Fault
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

SHARDED = "Sharded0"


@pytest.fixture
def quick(start_emulator: StartEmulator) -> AtlasEmulator:
    """Snapshots end at once."""
    return start_emulator(snapshot_seconds=0)


@pytest.fixture
def client(quick: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(quick.access_token, base_url=quick.base_url)


def delete(flavor: ClientFlavor, client: AtlasBackups, *snapshot: Any, **options: Any) -> None:  # noqa: ANN401
    assert flavor.call(client, "delete_snapshot", *snapshot, **options) is None


def there(emulator: AtlasEmulator, snapshot_id: str) -> bool:
    return snapshot_id in {held.id for held in emulator.snapshots}


def test_deleted_snapshot_is_gone(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken, other = flavor.take(client), flavor.take(client)
    quick.clear_requests()

    delete(flavor, client, GROUP_ID, CLUSTER_NAME, taken.id)

    assert (there(quick, taken.id), there(quick, other.id)) == (False, True)
    assert sent(quick) == [f"DELETE snapshots/{taken.id}"]


def test_snapshot_object_is_accepted(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)

    delete(flavor, client, taken)

    assert not there(quick, taken.id)


@pytest.mark.parametrize("in_plain", [False, True])
@pytest.mark.parametrize("bare", [False, True])
def test_sharded_snapshot_is_deleted_at_its_endpoint(  # fixtures
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups, *, in_plain: bool, bare: bool
) -> None:
    quick.behaviour = Behaviour(sharded_in_plain_endpoints=in_plain)
    taken = flavor.call(client, "take_snapshot", GROUP_ID, SHARDED)

    delete(flavor, client, *((GROUP_ID, SHARDED, taken.id) if bare else (taken,)))

    assert not there(quick, taken.id)


@pytest.mark.parametrize("cluster_name", [CLUSTER_NAME, SHARDED])
def test_unfinished_snapshot_raises(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, cluster_name: str
) -> None:
    taken = flavor.call(atlas, "take_snapshot", GROUP_ID, cluster_name)

    for snapshot in ((taken,), (GROUP_ID, cluster_name, taken.id)):
        with pytest.raises(SnapshotNotCompletedError):
            delete(flavor, atlas, *snapshot)

    assert there(emulator, taken.id)


@pytest.mark.parametrize("cluster_name", [CLUSTER_NAME, SHARDED])
@pytest.mark.parametrize("bare", [False, True])
def test_wait_deletes_after_completion(  # fixtures
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    cluster_name: str,
    *,
    bare: bool,
) -> None:
    emulator = start_emulator(tick=100)  # a snapshot takes 157 s
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    taken = flavor.call(client, "take_snapshot", GROUP_ID, cluster_name)

    delete(flavor, client, *((GROUP_ID, cluster_name, taken.id) if bare else (taken,)), wait=True)

    assert not there(emulator, taken.id)
    assert sent(emulator)[-1].startswith("DELETE")


def test_compliance_policy_raises(
    flavor: ClientFlavor, quick: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    code = "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY"
    quick.fault(replace(Fault.error(400, code), method="DELETE"))

    with pytest.raises(CompliancePolicyError):
        delete(flavor, client, taken)

    assert there(quick, taken.id)
