"""`list_snapshots` returns all snapshots of a cluster once, newest first."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    ClusterNotFoundError,
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    SnapshotList,
)
from atlas_backups.emulator import Behaviour, Cluster, ExistingSnapshot, Project, World
from tests.bodies import PAGE_SHARDED, SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent
from tests.raw_server import READ, always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient, Serve, StartEmulator
    from tests.flavor import ClientFlavor

SHARDED = "Sharded0"
# All four ways in which Atlas may show sharded snapshots and their parts in the plain list.
WAYS = [(whole, parts) for whole in (False, True) for parts in (False, True)]


def listed(
    flavor: ClientFlavor, client: AtlasBackups, name: str = CLUSTER_NAME, **options: Any
) -> Any:
    return flavor.call(client, "list_snapshots", GROUP_ID, name, **options)


def with_snapshots(count: int, **options: Any) -> World:
    snapshots = tuple(ExistingSnapshot(age_seconds=60.0 * age + 60) for age in range(count))
    cluster = Cluster(name=CLUSTER_NAME, snapshots=snapshots, **options)
    return World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),))


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (499, 1), (500, 2), (1203, 3)])
def test_list_reads_all_pages(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    count: int,
    pages: int,
) -> None:
    emulator = start_emulator(world=with_snapshots(count))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    snapshots = listed(flavor, client)

    ids = [snapshot.id for snapshot in snapshots]
    assert type(snapshots) is SnapshotList
    assert ids == sorted((held.id for held in emulator.snapshots), reverse=True)
    assert len(set(ids)) == len(ids) == count
    # Pages after the first are requested together.
    assert sorted(request.query for request in emulator.requests) == [
        "",
        *(f"itemsPerPage=500&pageNum={number}" for number in range(1, pages + 1)),
    ]


def test_list_returns_each_kind_with_its_fields(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    taken = flavor.take(atlas, description="now")

    snapshots = listed(flavor, atlas)

    assert snapshots[0] == taken
    assert [snapshot.snapshot_type for snapshot in snapshots] == [
        "onDemand",
        *["scheduled"] * 3,
        "onDemand",
    ]
    assert {snapshot.cluster_name for snapshot in snapshots} == {CLUSTER_NAME}
    assert {snapshot.group_id for snapshot in snapshots} == {GROUP_ID}
    assert snapshots.to_dicts()[0]["description"] == "now"
    held = [item for item in emulator.snapshots if item.cluster_name == CLUSTER_NAME]
    assert len(snapshots) == len(held)


@pytest.mark.parametrize(("whole", "parts"), WAYS)
def test_include_sharded_false_reads_the_plain_list_only(  # noqa: PLR0913  # fixtures
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    clock: ManualClock,
    *,
    whole: bool,
    parts: bool,
) -> None:
    behaviour = Behaviour(sharded_in_plain_endpoints=whole, sharded_parts_listed=parts)
    emulator = start_emulator(behaviour=behaviour)
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    clock.advance(200)

    snapshots = listed(flavor, client, SHARDED, include_sharded=False)

    kinds: list[type] = [snapshot.__class__ for snapshot in snapshots]
    assert kinds.count(ShardedClusterSnapshot) == whole
    assert kinds.count(ReplicaSetSnapshot) == 3 * parts
    assert sent(emulator) == ["GET snapshots"]


def test_unknown_cluster_raises(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    with pytest.raises(ClusterNotFoundError):
        listed(flavor, atlas, "Nowhere")

    assert sent(emulator) == ["GET snapshots"]


@pytest.mark.parametrize("body", [{"results": [], "totalCount": 0}, {"results": []}])
def test_cluster_without_snapshots_has_an_empty_list(
    flavor: ClientFlavor, serve: Serve, body: dict[str, Any]
) -> None:
    _, client = serve(always(answer(200, body)))

    assert listed(flavor, client) == SnapshotList()


def test_entry_of_both_lists_is_returned_once_with_members(
    flavor: ClientFlavor, serve: Serve
) -> None:
    whole = {**PAGE_SHARDED, "id": SNAPSHOT_ID}
    part = queued(id=PAGE_SHARDED["members"][0]["id"])
    other = queued(id="6b1f0c3e2a88faeba59de4ff")
    plain = {"results": [other, {**whole, "members": None}, part, other], "totalCount": 3}
    sharded = {"results": [whole], "totalCount": 1}
    _, client = serve([READ, answer(200, plain), READ, answer(200, sharded)])

    snapshots = listed(flavor, client)

    assert [snapshot.id for snapshot in snapshots] == [other["id"], SNAPSHOT_ID]
    assert len(snapshots[1].members) == 1


def test_unknown_types_and_labels_are_kept(flavor: ClientFlavor, serve: Serve) -> None:
    odd = queued(type="flexible", status="paused", frequencyType="yearlyish", brandNew=[1])
    plain = answer(200, {"results": [odd], "totalCount": 1})
    _, client = serve([READ, plain, READ, answer(200, {"results": []})])

    (snapshot,) = listed(flavor, client)

    assert (snapshot.type, snapshot.status) == ("flexible", "paused")
    assert dict(snapshot.extra)["brandNew"] == [1] or snapshot.extra["brandNew"] == (1,)
