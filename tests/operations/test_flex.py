"""Flex snapshots are listed, read, waited for and covered."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    ClusterNotFoundError,
    ClusterNotSupportedError,
    FlexSnapshot,
    ServerError,
    SnapshotFailedError,
    SnapshotNotFoundError,
)
from atlas_backups.emulator import (
    Cluster,
    ExistingSnapshot,
    Fault,
    ManualClock,
    Project,
    World,
    default_world,
)
from tests.flavor import GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

FLEX = "Flex0"
DAY = 86_400.0
NOWHERE = "6b1f0c3e2a88faeba59de4aa"
NOT_FLEX = "CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API"


@pytest.fixture
def clock() -> ManualClock:
    """One that is not behind this machine's, by which ages would count then."""
    return ManualClock(int(time.time()))


@pytest.fixture
def client(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(emulator.access_token, base_url=emulator.base_url, max_retries=0)


def asked(emulator: AtlasEmulator) -> list[str]:
    prefix = f"/api/atlas/v2/groups/{GROUP_ID}/"
    return [f"{it.method} {it.path.removeprefix(prefix)}" for it in emulator.requests]


def one_flex(*snapshots: ExistingSnapshot, **options: Any) -> World:  # noqa: ANN401
    cluster = Cluster(name="F", flex=True, snapshots=snapshots, **options)
    return World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),))


def test_list_of_flex_snapshots_is_newest_first(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups, clock: ManualClock
) -> None:
    snapshots = flavor.call(client, "list_snapshots", GROUP_ID, FLEX)

    assert asked(emulator) == [
        f"GET clusters/{FLEX}/backup/snapshots",
        f"GET flexClusters/{FLEX}/backup/snapshots",
    ]
    assert [type(snapshot) for snapshot in snapshots] == [FlexSnapshot] * 3
    newest = snapshots[0]
    now = datetime.fromtimestamp(clock.now(), tz=timezone.utc)
    assert newest.scheduled_at == now - timedelta(days=1)
    assert newest.scheduled_at < newest.finished_at < newest.expires_at
    assert newest.created_at == newest.started_at
    assert (newest.type, newest.status, newest.mongod_version) == ("flex", "completed", "8.0.29")
    assert (newest.group_id, newest.cluster_name) == (GROUP_ID, FLEX)
    assert newest.is_final
    assert newest.snapshot_type is None
    assert newest.extra == {}
    assert snapshots.to_dicts()[0]["finished_at"] == newest.finished_at.isoformat().replace(
        "+00:00", "Z"
    )


def test_list_reads_all_pages(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    existing = [ExistingSnapshot(age_seconds=60.0 * age + 60) for age in range(501)]
    emulator = start_emulator(world=one_flex(*existing))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    snapshots = flavor.call(client, "list_snapshots", GROUP_ID, "F")

    ids = [snapshot.id for snapshot in snapshots]
    assert ids == sorted((held.id for held in emulator.snapshots), reverse=True)


@pytest.mark.parametrize(
    ("label", "status"),
    [("queued", "queued"), ("inProgress", "inProgress"), ("failed", "failed")],
)
def test_statuses_are_mapped_to_common_labels(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    label: Any,  # noqa: ANN401
    status: str,
) -> None:
    emulator = start_emulator(world=one_flex(ExistingSnapshot(status=label, age_seconds=10)))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    (snapshot,) = flavor.call(client, "list_snapshots", GROUP_ID, "F")

    assert snapshot.status == status
    assert snapshot.created_at is None
    assert snapshot.is_final is (status == "failed")


def test_get_accepts_id_and_object(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups
) -> None:
    newest = flavor.call(client, "list_snapshots", GROUP_ID, FLEX)[0]

    by_id = flavor.call(client, "get_snapshot", GROUP_ID, FLEX, newest.id)
    by_itself = flavor.call(client, "get_snapshot", newest)

    assert by_id == by_itself == newest
    assert emulator.failures == ()


def test_wait_returns_the_completed_flex_snapshot(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    running = ExistingSnapshot(status="inProgress", age_seconds=10, ends_in_seconds=2)
    emulator = start_emulator(world=one_flex(running), tick=1)
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    (snapshot,) = flavor.call(client, "list_snapshots", GROUP_ID, "F")

    done = flavor.call(client, "wait_for_snapshot", snapshot, poll_interval=0.01)

    assert done.status == "completed"
    plain = [path for path in asked(emulator) if path.startswith("GET clusters/")]
    assert len(plain) == 2  # the list and the first poll; after that it is known to be flex


def test_wait_raises_for_a_failed_flex_snapshot(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=one_flex(ExistingSnapshot(status="failed", age_seconds=10)))
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    (snapshot,) = flavor.call(client, "list_snapshots", GROUP_ID, "F")

    with pytest.raises(SnapshotFailedError) as caught:
        flavor.call(client, "wait_for_snapshot", snapshot)

    assert isinstance(caught.value.snapshot, FlexSnapshot)


def test_unknown_snapshot_or_cluster_raises_not_found(
    flavor: ClientFlavor, client: AtlasBackups
) -> None:
    with pytest.raises(SnapshotNotFoundError):
        flavor.call(client, "get_snapshot", GROUP_ID, FLEX, NOWHERE)
    with pytest.raises(ClusterNotFoundError):
        flavor.call(client, "list_snapshots", GROUP_ID, "Nobody0")


@pytest.mark.parametrize("ids", [(), (NOWHERE,)], ids=["list_snapshots", "get_snapshot"])
@pytest.mark.parametrize(("status", "code"), [(404, "RESOURCE_NOT_FOUND"), (400, NOT_FLEX)])
def test_missing_flex_endpoints_raise_the_first_error(  # noqa: PLR0913  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    client: AtlasBackups,
    *,
    ids: tuple[str, ...],
    status: int,
    code: str,
) -> None:
    emulator.fault(replace(Fault.error(status, code), path="/flexClusters/", times=None))
    method = "get_snapshot" if ids else "list_snapshots"

    with pytest.raises(ClusterNotSupportedError) as caught:
        flavor.call(client, method, GROUP_ID, FLEX, *ids)

    assert caught.value.error_code == "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"


def test_other_errors_of_flex_endpoints_are_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups
) -> None:
    emulator.fault(replace(Fault.error(500, "UNEXPECTED_ERROR"), path="/flexClusters/"))

    with pytest.raises(ServerError):
        flavor.call(client, "list_snapshots", GROUP_ID, FLEX)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"idempotency_key": "release-42"},
        {"if_busy": "wait"},
        {"if_busy": "join"},
        {"wait": True},
    ],
)
def test_take_of_a_flex_cluster_raises_cluster_not_supported(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    client: AtlasBackups,
    options: dict[str, Any],
) -> None:
    before = emulator.snapshots

    with pytest.raises(ClusterNotSupportedError, match="Flex0 cannot be used") as caught:
        flavor.call(client, "take_snapshot", GROUP_ID, FLEX, **options)

    assert caught.value.error_code == "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"
    assert emulator.snapshots == before


@pytest.mark.parametrize(
    ("method", "options"), [("update_retention", {"days": 3}), ("delete_snapshot", {})]
)
def test_update_of_a_flex_snapshot_raises(
    flavor: ClientFlavor, client: AtlasBackups, method: str, options: dict[str, int]
) -> None:
    newest = flavor.call(client, "list_snapshots", GROUP_ID, FLEX)[0]

    with pytest.raises(ClusterNotSupportedError):
        flavor.call(client, method, newest, **options)


@pytest.mark.parametrize("group_id", [GROUP_ID, None])
def test_coverage_includes_flex_clusters(
    flavor: ClientFlavor, client: AtlasBackups, group_id: str | None
) -> None:
    coverage = flavor.call(client, "backup_coverage", group_id)

    (entry,) = [entry for entry in coverage if entry.cluster_name == FLEX]
    assert entry.error is None
    assert isinstance(entry.newest, FlexSnapshot)
    assert entry.age_seconds == pytest.approx(DAY, abs=10)
    assert entry.backup_enabled is True
    assert entry.cluster.cluster_type == "REPLICASET"
    assert len(entry.scheduled_times) == 3
    names = [entry.cluster_name for entry in coverage]
    assert sorted(names) == sorted(cluster.name for cluster in default_world().projects[0].clusters)


def test_coverage_has_running_and_failed_flex_snapshots(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    world = one_flex(
        ExistingSnapshot(age_seconds=3 * DAY),
        ExistingSnapshot(age_seconds=2 * DAY, status="failed"),
        ExistingSnapshot(age_seconds=10, status="inProgress"),
    )
    emulator = start_emulator(world=world)
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    (entry,) = flavor.call(client, "backup_coverage", GROUP_ID)

    assert entry.age_seconds == pytest.approx(3 * DAY, abs=10)
    assert [snapshot.status for snapshot in entry.running] == ["inProgress"]
    assert entry.failed.status == "failed"


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "RESOURCE_NOT_FOUND"), (403, "FEATURE_UNSUPPORTED"), (406, "INVALID_VERSION_DATE")],
)
def test_coverage_works_without_the_flex_endpoint(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups, status: int, code: str
) -> None:
    emulator.fault(replace(Fault.error(status, code), path="/flexClusters", times=None))

    coverage = flavor.call(client, "backup_coverage", GROUP_ID)

    assert len(coverage) == 5
    assert all(entry.cluster is not None for entry in coverage)


@pytest.mark.parametrize("group_id", [GROUP_ID, None])
def test_unreadable_flex_list_is_an_entry_with_an_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, client: AtlasBackups, group_id: str | None
) -> None:
    fault = replace(Fault.error(500, "UNEXPECTED_ERROR"), path=f"{GROUP_ID}/flexClusters")
    emulator.fault(replace(fault, times=None))

    coverage = flavor.call(client, "backup_coverage", group_id)

    assert coverage[0].cluster is None
    assert isinstance(coverage[0].error, ServerError)
    assert sum(entry.cluster is not None for entry in coverage) == 5
