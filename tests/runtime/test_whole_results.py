"""The core sets every field of a result."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    Cluster,
    Link,
    Project,
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    Snapshot,
    SnapshotMember,
)
from tests.bodies import PAGE_SHARDED, queued
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor

PROJECT = {"id": "6" * 24, "name": "Billing", "orgId": "7" * 24, "clusterCount": 3}
CLUSTER = {"id": "6" * 24, "name": "Cluster0", "clusterType": "REPLICASET", "paused": False}


def whole(value: Any) -> set[type]:  # noqa: ANN401  # whatever the core gives
    """Read every field of the records in a value, and say which classes they are of."""
    if isinstance(value, tuple | list):
        return set[type]().union(*map(whole, value))  # pyright: ignore[reportUnknownArgumentType]
    if not dataclasses.is_dataclass(value):
        return set()
    parts = [getattr(value, field.name) for field in dataclasses.fields(value)]
    assert value == dataclasses.replace(value)  # type: ignore[type-var]
    return {type(value)}.union(*map(whole, parts))


@pytest.mark.parametrize(
    ("body", "classes"),
    [
        (queued(), {ReplicaSetSnapshot, Link}),
        (PAGE_SHARDED, {ShardedClusterSnapshot, SnapshotMember, Link}),
        (queued(type="flexible"), {Snapshot, Link}),
        ({"id": "6" * 24}, {Snapshot}),
    ],
)
def test_snapshot_has_all_fields(
    flavor: ClientFlavor, serve: Serve, body: dict[str, Any], classes: set[type]
) -> None:
    _, client = serve(always(answer(200, body)))

    assert whole(flavor.take(client)) == classes


def test_project_has_all_fields(flavor: ClientFlavor, serve: Serve) -> None:
    _, client = serve(always(answer(200, {"results": [PROJECT], "totalCount": 1})))

    assert whole(flavor.call(client, "list_projects")) == {Project}


def test_cluster_has_all_fields(flavor: ClientFlavor, serve: Serve) -> None:
    _, client = serve(always(answer(200, {"results": [CLUSTER], "totalCount": 1})))

    assert whole(flavor.call(client, "list_clusters", "6" * 24)) == {Cluster}
