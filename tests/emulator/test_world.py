from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from atlas_backups import emulator as package
from atlas_backups.emulator import (
    AtlasEmulator,
    Cluster,
    Credential,
    ExistingSnapshot,
    ManualClock,
    Project,
    SystemClock,
    World,
    default_world,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Api, Run

GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9aa"


def test_default_world_has_replica_set_and_sharded_cluster(api: Api) -> None:
    assert api.take(api.emulator.cluster_name).json()["type"] == "replicaSet"
    assert api.take(api.emulator.sharded_cluster_name).json()["type"] == "shardedCluster"


def test_env_has_variables_of_programs(api: Api) -> None:
    account = api.emulator.credential("service_account")
    key = api.emulator.credential("api_key")

    assert api.emulator.env == {
        "MONGODB_ATLAS_BASE_URL": api.emulator.base_url,
        "MONGODB_ATLAS_OPS_MANAGER_URL": api.emulator.base_url,
        "MONGODB_ATLAS_CLIENT_ID": account.id,
        "MONGODB_ATLAS_CLIENT_SECRET": account.secret,
        "MONGODB_ATLAS_PUBLIC_API_KEY": key.id,
        "MONGODB_ATLAS_PRIVATE_API_KEY": key.secret,
        "MONGODB_ATLAS_PROJECT_ID": api.emulator.group_id,
    }


def test_env_has_existing_credentials_only(run: Run) -> None:
    key = Credential(kind="api_key", id="key", secret="s")
    api = run(world=World(projects=default_world().projects, credentials=(key,)))

    assert "MONGODB_ATLAS_CLIENT_ID" not in api.emulator.env
    assert api.emulator.env["MONGODB_ATLAS_PUBLIC_API_KEY"] == "key"


def test_credentials_are_client_credentials(api: Api) -> None:
    emulator = api.emulator

    credentials = [
        emulator.credentials,
        emulator.service_account,
        emulator.api_key,
        emulator.access_token,
    ]

    names = [type(credential).__name__ for credential in credentials]
    assert names == ["ServiceAccount", "ServiceAccount", "ApiKey", "AccessToken"]
    for credential in emulator.world.credentials:
        assert credential.secret not in repr(credentials)


def test_existing_snapshots_are_listed(run: Run) -> None:
    snapshots = (
        ExistingSnapshot(
            age_seconds=3600, id="a" * 24, description="mine", snapshot_type="onDemand"
        ),
        ExistingSnapshot(age_seconds=7200, status="failed"),
        ExistingSnapshot(age_seconds=10, status="queued"),
        ExistingSnapshot(age_seconds=20, status="inProgress", ends_in_seconds=60),
        ExistingSnapshot(age_seconds=30 * 86_400, retention_days=1),
    )
    cluster = Cluster(name="C", snapshots=snapshots)
    api = run(world=World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),)))

    first = [item["status"] for item in api.get().json()["results"]]
    queued = api.get().json()["results"][0]
    api.clock.advance(60)
    later = [item["status"] for item in api.get().json()["results"]]

    assert first == ["queued", "inProgress", "completed", "failed"]
    assert later == ["queued", "completed", "completed", "failed"]
    assert "mongodVersion" not in queued
    assert api.get(f"/{'a' * 24}").json()["description"] == "mine"


def test_scheduled_snapshot_has_policy_item(api: Api) -> None:
    newest = api.get().json()["results"][0]

    assert (newest["snapshotType"], newest["frequencyType"]) == ("scheduled", "daily")
    assert len(newest["policyItems"]) == 1


def test_snapshots_property_lists_all(api: Api) -> None:
    snapshot_id = api.taken("Sharded0", description="x")

    mine = api.emulator.snapshots[-1]

    assert mine.id == snapshot_id
    assert (mine.group_id, mine.cluster_name) == (api.emulator.group_id, "Sharded0")
    assert (mine.status, mine.snapshot_type, mine.description) == ("queued", "onDemand", "x")
    assert mine.requested_at == api.clock.now()
    assert len(mine.part_ids) == 3
    assert mine.wire == api.get(f"/shardedCluster/{snapshot_id}", "Sharded0").json()


def test_large_world_starts_fast(run: Run) -> None:
    clusters = tuple(Cluster(name=f"c{number}") for number in range(2000))
    api = run(world=World(projects=(Project(name="P", id=GROUP_ID, clusters=clusters),)))

    path = f"/api/atlas/v2/groups/{GROUP_ID}/clusters?itemsPerPage=500&pageNum=4"

    assert len(api.send("GET", path).json()["results"]) == 500
    assert api.take("c1999").status == 200


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cluster(name="_"),
        lambda: Cluster(name=""),
        lambda: Cluster(name="C", num_shards=0),
        lambda: Project(name="P", id="short"),
        lambda: Project(name="P", id=GROUP_ID, clusters=(Cluster(name="C"), Cluster(name="C"))),
        lambda: World(projects=()),
        lambda: World(projects=(Project(name="P", id=GROUP_ID), Project(name="Q", id=GROUP_ID))),
        lambda: ExistingSnapshot(id="nothing"),
        lambda: Credential(kind="api_key", secret="x"),
        lambda: Credential(kind="access_token", secret=""),
    ],
)
def test_invalid_world_is_rejected(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()


def test_missing_cluster_kind_raises_lookup_error() -> None:
    emulator = AtlasEmulator(World(projects=(Project(name="P", id=GROUP_ID),)))

    with pytest.raises(LookupError, match="no replica set"):
        _ = emulator.cluster_name
    with pytest.raises(LookupError, match="no sharded cluster"):
        _ = emulator.sharded_cluster_name


def test_each_public_name_exists() -> None:
    assert sorted(package.__all__) == package.__all__
    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]


def test_default_world_is_immutable() -> None:
    assert default_world() == default_world()
    with pytest.raises(AttributeError):
        default_world().projects = ()  # type: ignore[misc]


def test_manual_clock_starts_at_given_time() -> None:
    when = datetime(2026, 1, 2, tzinfo=timezone.utc)

    assert ManualClock(when).now() == when.timestamp()
    assert ManualClock(5).now() == 5
    with pytest.raises(ValueError, match="timezone"):
        ManualClock(datetime(2026, 1, 2))  # noqa: DTZ001
    for seconds in (-1, float("nan")):
        with pytest.raises(ValueError, match="0 or more"):
            ManualClock().advance(seconds)


def test_system_clock_matches_time() -> None:
    clock = SystemClock()

    assert abs(clock.now() - datetime.now(tz=timezone.utc).timestamp()) < 5
