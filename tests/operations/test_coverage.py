"""`backup_coverage` reports the backups of every cluster."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    ClusterNotSupportedError,
    Coverage,
    FlexSnapshot,
    ForbiddenError,
    InvalidArgumentError,
    ProjectNotFoundError,
    ShardedClusterSnapshot,
    UnauthorizedError,
)
from atlas_backups.coverage import WINDOW_DAYS
from atlas_backups.emulator import (
    Cluster,
    ExistingSnapshot,
    Fault,
    ManualClock,
    Project,
    World,
)
from tests.flavor import GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

DAY = 86_400.0
SNAPSHOTS = "/backup/snapshots"


@pytest.fixture
def clock() -> ManualClock:
    """One that is not behind this machine's, by which ages would count then."""
    return ManualClock(int(time.time()))


def on_demand(age_seconds: float, status: Any = "completed") -> ExistingSnapshot:
    return ExistingSnapshot(age_seconds=age_seconds, status=status, snapshot_type="onDemand")


def one_cluster(*snapshots: ExistingSnapshot, **options: Any) -> World:
    cluster = Cluster(name="C", snapshots=snapshots, **options)
    return World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),))


def of_one_cluster(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    world: World,
    **options: Any,
) -> Any:
    emulator = start_emulator(world=world, snapshot_seconds=0.0, **options)
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    (entry,) = flavor.call(client, "backup_coverage", GROUP_ID)
    return entry


def names(coverage: Coverage) -> list[str | None]:
    return [entry.cluster_name for entry in coverage]


def test_coverage_lists_all_clusters_the_worst_first(
    flavor: ClientFlavor, atlas: AtlasBackups, clock: ManualClock
) -> None:
    coverage = flavor.call(atlas, "backup_coverage")

    assert coverage.__class__ is Coverage
    assert names(coverage) == ["Free0", "NoBackup0", "Paused0", "Cluster0", "Flex0", "Sharded0"]
    assert {(entry.group_id, entry.project_name) for entry in coverage} == {(GROUP_ID, "Emulated")}
    now = datetime.fromtimestamp(clock.now(), tz=timezone.utc)
    assert {entry.taken_at for entry in coverage} == {coverage.taken_at} == {now}
    free, no_backup, paused, cluster, flex, sharded = coverage
    assert isinstance(free.error, ClusterNotSupportedError)
    assert [entry.error for entry in coverage[1:]] == [None] * 5
    assert (no_backup.newest, no_backup.backup_enabled, no_backup.paused) == (None, False, False)
    assert (paused.newest, paused.backup_enabled, paused.paused) == (None, True, True)
    assert type(sharded.newest) is ShardedClusterSnapshot
    assert type(flex.newest) is FlexSnapshot
    assert cluster.newest
    assert cluster.newest.snapshot_type == "scheduled"
    assert cluster.newest.created_at
    age = now - cluster.newest.created_at
    assert cluster.age_seconds == age.total_seconds() == pytest.approx(DAY, abs=60)
    assert [len(cluster.on_demand_times), len(cluster.scheduled_times)] == [1, 3]


def test_coverage_of_one_project(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    coverage = flavor.call(atlas, "backup_coverage", GROUP_ID)

    assert len(coverage) == 6
    assert {entry.project_name for entry in coverage} == {None}
    assert "/api/atlas/v2/groups" not in {request.path for request in emulator.requests}


def test_project_without_clusters_has_no_entries(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, clock: ManualClock
) -> None:
    coverage = flavor.call(atlas, "backup_coverage", emulator.world.projects[1].id)

    assert len(coverage) == 0
    assert coverage.taken_at.timestamp() == clock.now()


@pytest.mark.parametrize(("age", "is_told"), [(60, True), (2 * DAY, False)])
def test_failed_is_set_only_without_a_newer_completed_snapshot(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    age: float,
    *,
    is_told: bool,
) -> None:
    world = one_cluster(on_demand(age, "failed"), on_demand(DAY))

    entry = of_one_cluster(flavor, start_emulator, make_client, world)

    assert (entry.failed is not None) is is_told
    assert entry.age_seconds == DAY


def test_times_cover_30_days_by_type(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    edge = WINDOW_DAYS * DAY
    others = [ExistingSnapshot(age_seconds=age, retention_days=90) for age in (edge, edge + 1)]
    fallback = ExistingSnapshot(age_seconds=5, snapshot_type="fallback")
    kept = replace(on_demand(edge + 2), retention_days=90)
    world = one_cluster(*others, fallback, on_demand(7), kept, on_demand(1, "failed"))

    entry = of_one_cluster(flavor, start_emulator, make_client, world)

    def ages(times: tuple[datetime, ...]) -> list[float]:
        return [(entry.taken_at - time).total_seconds() for time in times]

    assert ages(entry.on_demand_times) == [7]
    assert ages(entry.scheduled_times) == [5, edge]


@pytest.mark.parametrize("status", [401, 403])
def test_forbidden_project_is_an_entry_with_an_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, status: int
) -> None:
    empty = emulator.world.projects[1]
    rejection = Fault.error(status, "USER_UNAUTHORIZED")
    emulator.fault(replace(rejection, path=f"{empty.id}/clusters", times=None))

    first, *others = flavor.call(atlas, "backup_coverage")

    assert (first.group_id, first.project_name) == (empty.id, "Empty")
    assert (first.cluster, first.cluster_name, first.newest) == (None, None, None)
    assert isinstance(first.error, ForbiddenError if status == 403 else UnauthorizedError)
    assert "(1 attempt," in str(first.error)  # of its own, not of the whole call
    assert len(others) == 6
    assert {entry.project_name for entry in others} == {"Emulated"}


@pytest.mark.parametrize("path", ["/groups", "/clusters", f"Cluster0{SNAPSHOTS}"])
def test_rejected_credentials_are_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, path: str
) -> None:
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path=path, times=None))

    with pytest.raises(UnauthorizedError):
        flavor.call(atlas, "backup_coverage")


@pytest.mark.parametrize("path", ["/groups", f"Cluster0{SNAPSHOTS}"])
def test_rotated_credentials_are_tried(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, path: str
) -> None:
    given = iter((emulator.access_token, emulator.service_account))
    client = make_client(lambda: next(given), base_url=emulator.base_url)
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path=path))

    coverage = flavor.call(client, "backup_coverage")

    assert len(coverage) == 6
    assert next(given, None) is None


def test_unknown_project_is_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    with pytest.raises(ProjectNotFoundError):
        flavor.call(atlas, "backup_coverage", "6" * 24)
    emulator.fault(replace(Fault.error(403, "NO"), path="/clusters"))
    with pytest.raises(ForbiddenError):
        flavor.call(atlas, "backup_coverage", GROUP_ID)


@pytest.mark.parametrize("group_id", ["", "x", "6" * 23, "A" * 24, 7, b"6" * 24])
def test_invalid_group_id_is_rejected_before_anything_is_sent(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, group_id: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="group_id"):
        flavor.call(atlas, "backup_coverage", group_id)

    assert emulator.requests == ()
