"""`backup_coverage` says of every cluster what is known of its backups, and leaves none out."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    ClusterNotFoundError,
    ClusterNotSupportedError,
    Coverage,
    FlexSnapshot,
    ForbiddenError,
    InvalidArgumentError,
    InvalidResponseError,
    ProjectNotFoundError,
    ShardedClusterSnapshot,
    UnauthorizedError,
)
from atlas_backups.coverage import WINDOW_DAYS
from atlas_backups.emulator import (
    Behaviour,
    Cluster,
    ExistingSnapshot,
    Fault,
    Limits,
    ManualClock,
    Project,
    RateLimit,
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
WAYS = [(whole, parts) for whole in (False, True) for parts in (False, True)]


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


def test_every_cluster_of_every_project_the_worst_first(
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


def test_a_clock_of_atlas_that_is_behind_makes_no_data_look_younger(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    stale = ManualClock(time.time() - 5 * DAY)
    snapshot = replace(on_demand(60), retention_days=400)

    entry = of_one_cluster(flavor, start_emulator, make_client, one_cluster(snapshot), clock=stale)

    assert entry.age_seconds == pytest.approx(5 * DAY + 60, abs=60)


def test_one_project(flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    coverage = flavor.call(atlas, "backup_coverage", GROUP_ID)

    assert len(coverage) == 6
    assert {entry.project_name for entry in coverage} == {None}
    assert "/api/atlas/v2/groups" not in {request.path for request in emulator.requests}


def test_an_empty_project_has_an_empty_coverage(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, clock: ManualClock
) -> None:
    coverage = flavor.call(atlas, "backup_coverage", emulator.world.projects[1].id)

    assert len(coverage) == 0
    assert coverage.taken_at.timestamp() == clock.now()


@pytest.mark.parametrize(("whole", "parts"), WAYS)
@pytest.mark.parametrize(("seconds", "is_done"), [(0, False), (80, False), (200, True)])
def test_parts_of_a_sharded_snapshot_are_no_backups(  # noqa: PLR0913  # fixtures
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    clock: ManualClock,
    seconds: int,
    *,
    is_done: bool,
    whole: bool,
    parts: bool,
) -> None:
    behaviour = Behaviour(sharded_in_plain_endpoints=whole, sharded_parts_listed=parts)
    emulator = start_emulator(world=one_cluster(cluster_type="SHARDED"), behaviour=behaviour)
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    taken = flavor.call(client, "take_snapshot", GROUP_ID, "C")
    clock.advance(seconds)

    (entry,) = flavor.call(client, "backup_coverage")

    assert [snapshot.id for snapshot in entry.running] == ([] if is_done else [taken.id])
    assert (entry.newest and entry.newest.id) == (taken.id if is_done else None)
    assert len(entry.on_demand_times) == is_done
    assert entry.scheduled_times == ()


def test_what_is_unfinished_is_running_and_no_backup(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    scheduled = ExistingSnapshot(age_seconds=90, status="inProgress")
    world = one_cluster(on_demand(60, "queued"), scheduled, on_demand(2 * DAY))

    entry = of_one_cluster(flavor, start_emulator, make_client, world)

    assert [snapshot.status for snapshot in entry.running] == ["queued", "inProgress"]
    assert entry.age_seconds == 2 * DAY
    assert len(entry.on_demand_times) == 1


def test_a_cluster_with_failed_snapshots_only_has_none(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    world = one_cluster(on_demand(60, "failed"), on_demand(3600, "failed"))

    entry = of_one_cluster(flavor, start_emulator, make_client, world)

    assert (entry.newest, entry.age_seconds, entry.running) == (None, None, ())
    assert entry.on_demand_times == entry.scheduled_times == ()
    assert entry.taken_at - entry.failed.requested_at == timedelta(seconds=60)


@pytest.mark.parametrize(("age", "is_told"), [(60, True), (2 * DAY, False)])
def test_a_failure_is_told_if_no_good_one_came_after_it(
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


def test_times_reach_back_for_30_days_on_demand_and_others_apart(
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


def test_an_old_backup_is_the_newest_all_the_same(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    world = one_cluster(replace(on_demand(200 * DAY), retention_days=400))

    entry = of_one_cluster(flavor, start_emulator, make_client, world)

    assert entry.age_seconds == 200 * DAY
    assert entry.on_demand_times == ()


def test_many_projects(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    projects = [
        Project(
            name=f"P{number:03}",
            id=f"{number:024x}",
            clusters=(
                Cluster(name="A", snapshots=(on_demand(60 + number),)),
                Cluster(name="B"),
            ),
        )
        for number in range(60)
    ]
    emulator = start_emulator(world=World(projects=tuple(projects)), snapshot_seconds=0.0)
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    coverage = flavor.call(client, "backup_coverage")

    found = [(entry.project_name, entry.cluster_name) for entry in coverage]
    without = [(project.name, "B") for project in projects]
    assert found == without + [(project.name, "A") for project in reversed(projects)]
    assert [entry.error for entry in coverage] == [None] * 120


@pytest.mark.parametrize("status", [401, 403])
def test_a_project_that_is_refused_is_an_entry_and_the_others_are_there(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, status: int
) -> None:
    empty = emulator.world.projects[1]
    refusal = Fault.error(status, "USER_UNAUTHORIZED")
    emulator.fault(replace(refusal, path=f"{empty.id}/clusters", times=None))

    first, *others = flavor.call(atlas, "backup_coverage")

    assert (first.group_id, first.project_name) == (empty.id, "Empty")
    assert (first.cluster, first.cluster_name, first.newest) == (None, None, None)
    assert isinstance(first.error, ForbiddenError if status == 403 else UnauthorizedError)
    assert "(1 attempt," in str(first.error)  # of its own, not of the whole call
    assert len(others) == 6
    assert {entry.project_name for entry in others} == {"Emulated"}


@pytest.mark.parametrize("folder", [SNAPSHOTS, f"{SNAPSHOTS}/shardedClusters"])
def test_a_cluster_that_is_gone_or_refused_is_an_entry(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, folder: str
) -> None:
    gone = Fault.error(404, "CLUSTER_NOT_FOUND") if folder == SNAPSHOTS else Fault.error(403, "NO")
    emulator.fault(replace(gone, path=f"Cluster0{folder}", times=None))

    coverage = flavor.call(atlas, "backup_coverage")

    entry = coverage[0]
    assert entry.cluster_name == "Cluster0"
    assert isinstance(entry.error, ClusterNotFoundError if folder == SNAPSHOTS else ForbiddenError)
    assert (entry.newest, entry.age_seconds, entry.scheduled_times) == (None, None, ())
    assert entry.backup_enabled is True
    assert len(coverage) == 6


def test_a_name_that_no_cluster_has_is_an_entry(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    body = b'{"results": [{"name": "../x"}, {"name": "Cluster0"}], "totalCount": 2}'
    emulator.fault(Fault(path=f"{GROUP_ID}/clusters", status=200, body=body))

    odd, good, flex = flavor.call(atlas, "backup_coverage")

    assert (odd.cluster_name, good.cluster_name) == ("../x", "Cluster0")
    assert isinstance(odd.error, InvalidResponseError)
    assert (good.error, flex.error) == (None, None)
    assert not [request for request in emulator.requests if "/x/" in request.path]


def test_a_passing_fault_is_no_gap(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.fault(Fault(status=503, path=f"Cluster0{SNAPSHOTS}"))
    emulator.fault(Fault(reset="after", path=f"{GROUP_ID}/clusters"))

    coverage = flavor.call(atlas, "backup_coverage")

    assert names(coverage) == ["Free0", "NoBackup0", "Paused0", "Cluster0", "Flex0", "Sharded0"]
    assert [type(entry.error) for entry in coverage[1:]] == [type(None)] * 5


@pytest.mark.parametrize("path", ["/groups", "/clusters", f"Cluster0{SNAPSHOTS}"])
def test_refused_credentials_are_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, path: str
) -> None:
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path=path, times=None))

    with pytest.raises(UnauthorizedError):
        flavor.call(atlas, "backup_coverage")


@pytest.mark.parametrize("path", ["/groups", f"Cluster0{SNAPSHOTS}"])
def test_other_credentials_get_a_try(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, path: str
) -> None:
    given = iter((emulator.access_token, emulator.service_account))
    client = make_client(lambda: next(given), base_url=emulator.base_url)
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path=path))

    coverage = flavor.call(client, "backup_coverage")

    assert len(coverage) == 6
    assert next(given, None) is None


def test_the_one_project_that_was_asked_for_is_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    with pytest.raises(ProjectNotFoundError):
        flavor.call(atlas, "backup_coverage", "6" * 24)
    emulator.fault(replace(Fault.error(403, "NO"), path="/clusters"))
    with pytest.raises(ForbiddenError):
        flavor.call(atlas, "backup_coverage", GROUP_ID)


@pytest.mark.parametrize("group_id", ["", "x", "6" * 23, "A" * 24, 7, b"6" * 24])
def test_an_id_that_cannot_be_right_is_refused_before_anything_is_sent(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, group_id: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="group_id"):
        flavor.call(atlas, "backup_coverage", group_id)

    assert emulator.requests == ()


# Every hour for more than a year; every four minutes, which is 28 days.
@pytest.mark.parametrize(
    ("pause", "found"), [(3600, (2, 30 * 24)), (240, (21, 10_000))], ids=["year", "month"]
)
def test_of_many_snapshots_only_the_pages_that_are_needed_are_read(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    pause: int,
    found: tuple[int, int],
) -> None:
    snapshots = [
        ExistingSnapshot(age_seconds=pause * number + 1, retention_days=500)
        for number in range(10_000)
    ]
    emulator = start_emulator(world=one_cluster(*snapshots), snapshot_seconds=0.0)
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    (entry,) = flavor.call(client, "backup_coverage", GROUP_ID)

    assert entry.age_seconds == 1
    pages = sum(request.path.endswith(SNAPSHOTS) for request in emulator.requests)
    assert (pages, len(entry.scheduled_times)) == found


def test_the_rate_limit_of_a_project_is_kept(flavor: ClientFlavor, make_client: MakeClient) -> None:
    from atlas_backups.emulator import AtlasEmulator  # noqa: PLC0415  # its clock must run

    clusters = tuple(Cluster(name=f"C{number}") for number in range(12))
    world = World(projects=(Project(name="P", id=GROUP_ID, clusters=clusters),))
    limits = Limits(snapshots=RateLimit(capacity=10, refill=40, period_seconds=1.0))
    with AtlasEmulator(world=world, limits=limits) as emulator:
        client = make_client(emulator.access_token, base_url=emulator.base_url)

        coverage = flavor.call(client, "backup_coverage")

        assert [entry.error for entry in coverage] == [None] * 12
