"""The fields of a response: known, missing and unknown ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    Link,
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    Snapshot,
    SnapshotMember,
)
from tests.bodies import PAGE_REPLICA_SET, PAGE_SHARDED, SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor

PAGE_TIME = datetime(2025, 5, 4, 9, 42, tzinfo=timezone.utc)
PAGE_FIELDS: dict[str, Any] = {
    "id": "32b6e34b3d91647abb20e7b8",
    "status": "queued",
    "snapshot_type": "onDemand",
    "frequency_type": "hourly",
    "description": "string",
    "created_at": PAGE_TIME,
    "expires_at": PAGE_TIME,
    "storage_size_bytes": 42,
    "mongod_version": "string",
    "master_key_uuid": "string",
    "policy_items": ("32b6e34b3d91647abb20e7b8",),
    "links": (Link(href="https://cloud.mongodb.com/api/atlas", rel="self"),),
    "group_id": GROUP_ID,
    "cluster_name": CLUSTER_NAME,
}


def take(flavor: ClientFlavor, serve: Serve, body: dict[str, Any] | str) -> Snapshot:
    _, client = serve(always(answer(200, body)))
    return flavor.take(client)


def test_replica_set_of_the_reference_page_is_parsed(flavor: ClientFlavor, serve: Serve) -> None:
    expected = ReplicaSetSnapshot(
        **PAGE_FIELDS,
        type="replicaSet",
        cloud_provider="AWS",
        copy_regions=("string",),
        replica_set_name="string",
    )

    snapshot = take(flavor, serve, PAGE_REPLICA_SET)

    assert snapshot == expected
    assert hash(snapshot) == hash(expected)
    assert type(snapshot) is ReplicaSetSnapshot


def test_sharded_cluster_of_the_reference_page_is_parsed(
    flavor: ClientFlavor, serve: Serve
) -> None:
    member = SnapshotMember(
        id="32b6e34b3d91647abb20e7b8", cloud_provider="AWS", replica_set_name="string"
    )
    expected = ShardedClusterSnapshot(
        **PAGE_FIELDS,
        type="shardedCluster",
        config_server_type="EMBEDDED",
        members=(member,),
        snapshot_ids=("32b6e34b3d91647abb20e7b8",),
    )

    snapshot = take(flavor, serve, PAGE_SHARDED)

    assert snapshot == expected
    assert type(snapshot) is ShardedClusterSnapshot


def test_missing_fields_of_a_queued_snapshot_are_none(flavor: ClientFlavor, serve: Serve) -> None:
    snapshot = take(flavor, serve, queued())

    assert isinstance(snapshot, ReplicaSetSnapshot)
    assert snapshot.created_at is None
    assert snapshot.cloud_provider is None
    assert snapshot.mongod_version is None
    assert snapshot.master_key_uuid is None
    assert snapshot.storage_size_bytes == 0
    assert (snapshot.copy_regions, snapshot.policy_items) == ((), ())
    assert snapshot.extra == {}


def test_id_alone_is_a_snapshot(flavor: ClientFlavor, serve: Serve) -> None:
    expected = Snapshot(id=SNAPSHOT_ID, group_id=GROUP_ID, cluster_name=CLUSTER_NAME)

    snapshot = take(flavor, serve, {"id": SNAPSHOT_ID})

    assert type(snapshot) is Snapshot
    assert snapshot == expected


@pytest.mark.parametrize("kind", ["flexCluster", "", "REPLICASET", None])
def test_unknown_type_returns_a_plain_snapshot(
    flavor: ClientFlavor, serve: Serve, kind: str | None
) -> None:
    snapshot = take(flavor, serve, queued(type=kind))

    assert type(snapshot) is Snapshot
    assert snapshot.type == kind
    assert snapshot.extra["replicaSetName"] == "Cluster0"


def test_results_compare_by_value(flavor: ClientFlavor, serve: Serve) -> None:
    _, client = serve(always(answer(200, queued(newField=[1]))))

    first, second = flavor.take(client), flavor.take(client)

    assert first == second
    assert len({first, second}) == 1
    assert first != replace(first, status="completed")
    assert json.loads(json.dumps(dict(first.extra))) == {"newField": [1]}
