"""Results are immutable, comparable, picklable values."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest

import atlas_backups
from atlas_backups._immutable import FrozenDict
from atlas_backups.coverage import ClusterCoverage
from atlas_backups.errors import AtlasError
from atlas_backups.fleet import SnapshotOutcome, SnapshotRequest
from atlas_backups.inventory import Cluster, Project
from atlas_backups.models import (
    FieldViolation,
    FlexSnapshot,
    Headers,
    Link,
    RawResponse,
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    Snapshot,
    SnapshotMember,
)

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
TAG = "[ab1:ABCDEFGHIJKLMNOPQRSTUVWX27]"

SNAPSHOT: dict[str, Any] = {
    "id": "6a79468a2c88faeba59de489",
    "type": "replicaSet",
    "status": "completed",
    "snapshot_type": "onDemand",
    "frequency_type": "ondemand",
    "description": "before release 42",
    "created_at": datetime(2026, 8, 10, 3, 35, 5, tzinfo=timezone.utc),
    "expires_at": datetime(2026, 8, 11, 3, 36, 7, tzinfo=timezone.utc),
    "storage_size_bytes": 4186517504,
    "mongod_version": "8.0.29",
    "master_key_uuid": "72659f08-8b3c-4913-bb4e-a8a68e036502",
    "policy_items": ("32b6e34b3d91647abb20e7b8",),
    "links": (Link(href="https://cloud.mongodb.com/x", rel="self"),),
    "group_id": "6a793f6b2c88faeba59bae37",
    "cluster_name": "Cluster0",
    "extra": FrozenDict({"newField": {"deep": [1, None]}}),
    "is_new": True,
}
MEMBER: dict[str, Any] = {
    "id": "6a79468a2c88faeba59de48a",
    "cloud_provider": "AWS",
    "replica_set_name": "shard-0",
    "extra": FrozenDict({"region": "EU_WEST_1"}),
}
REPLICA_SET: dict[str, Any] = {
    "cloud_provider": "GCP",
    "copy_regions": ("US_EAST_1",),
    "replica_set_name": "atlas-abc-shard-0",
}
SHARDED: dict[str, Any] = {
    "config_server_type": "EMBEDDED",
    "members": (SnapshotMember(**MEMBER),),
    "snapshot_ids": (MEMBER["id"],),
}
RAW: dict[str, Any] = {
    "status": 200,
    "headers": Headers([("Content-Type", "application/json")]),
    "text": "{}",
}
PROJECT: dict[str, Any] = {
    "id": "6a793f6b2c88faeba59bae37",
    "name": "Billing",
    "org_id": "6a793f6b2c88faeba59bae38",
    "cluster_count": 3,
    "created": datetime(2026, 8, 10, 3, 35, 5, tzinfo=timezone.utc),
    "extra": FrozenDict({"tags": []}),
}
CLUSTER: dict[str, Any] = {
    "id": "6a793f6b2c88faeba59bae39",
    "name": "Cluster0",
    "group_id": "6a793f6b2c88faeba59bae37",
    "cluster_type": "REPLICASET",
    "state_name": "IDLE",
    "backup_enabled": True,
    "paused": False,
    "mongo_db_version": "8.0.29",
    "extra": FrozenDict({"diskSizeGB": 10.0}),
}
REQUEST: dict[str, Any] = {
    "group_id": "6a793f6b2c88faeba59bae37",
    "cluster_name": "Cluster0",
    "description": "before release 42",
    "retention_in_days": 7,
    "idempotency_key": "release-42",
}
FLEX: dict[str, Any] = {
    "scheduled_at": datetime(2026, 8, 10, 3, 33, 30, tzinfo=timezone.utc),
    "started_at": datetime(2026, 8, 10, 3, 33, 41, tzinfo=timezone.utc),
    "finished_at": datetime(2026, 8, 10, 3, 34, 55, tzinfo=timezone.utc),
}

OUTCOME: dict[str, Any] = {
    "request": SnapshotRequest(**REQUEST),
    "snapshot": Snapshot(**SNAPSHOT),
    "error": None,  # exceptions compare by identity
}

COVERAGE: dict[str, Any] = {
    "group_id": "6a793f6b2c88faeba59bae37",
    "project_name": "Billing",
    "cluster": Cluster(**CLUSTER),
    "newest": Snapshot(**SNAPSHOT),
    "running": (Snapshot(**SNAPSHOT),),
    "failed": Snapshot(**SNAPSHOT),
    "on_demand_times": (datetime(2026, 8, 10, 3, 35, 5, tzinfo=timezone.utc),),
    "scheduled_times": (),
    "taken_at": datetime(2026, 8, 11, 3, 35, 5, tzinfo=timezone.utc),
    "error": None,
}

EVERY: list[tuple[type, dict[str, Any]]] = [
    (Link, {"href": "https://cloud.mongodb.com/x", "rel": "self"}),
    (SnapshotMember, MEMBER),
    (Snapshot, SNAPSHOT),
    (ReplicaSetSnapshot, SNAPSHOT | REPLICA_SET),
    (ShardedClusterSnapshot, SNAPSHOT | SHARDED),
    (FlexSnapshot, SNAPSHOT | FLEX),
    (RawResponse, RAW),
    (FieldViolation, {"field": "retentionInDays", "description": "too small"}),
    (Project, PROJECT),
    (Cluster, CLUSTER),
    (SnapshotRequest, REQUEST),
    (SnapshotOutcome, OUTCOME),
    (ClusterCoverage, COVERAGE),
]
every = pytest.mark.parametrize(("cls", "values"), EVERY, ids=[cls.__name__ for cls, _ in EVERY])
SNAPSHOT_CLASSES = [Snapshot, ReplicaSetSnapshot, ShardedClusterSnapshot, FlexSnapshot]
every_snapshot = pytest.mark.parametrize("cls", SNAPSHOT_CLASSES)


def minimal(cls: type[Snapshot] = Snapshot, **values: Any) -> Snapshot:  # noqa: ANN401
    required = {name: SNAPSHOT[name] for name in ("id", "group_id", "cluster_name")}
    return cls(**(required | values))


def test_every_public_dataclass_is_tested_here() -> None:
    public = {name: getattr(atlas_backups, name) for name in atlas_backups.__all__}
    names = {name for name, value in public.items() if dataclasses.is_dataclass(value)}

    assert names == {cls.__name__ for cls, _ in EVERY}


@every
def test_fields_are_the_arguments(cls: type, values: dict[str, Any]) -> None:
    made = cls(**values)

    assert {field.name for field in dataclasses.fields(made)} == set(values)
    for name, value in values.items():
        assert getattr(made, name) is value


@every
def test_fields_are_keyword_only(cls: type, values: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        cls(*values.values())


@every
def test_model_is_immutable(cls: type, values: dict[str, Any]) -> None:
    made = cls(**values)

    for name in values:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(made, name)
    with pytest.raises((AttributeError, TypeError)):
        made.unknown = 1
    assert not hasattr(made, "__dict__")


@every
def test_equal_models_have_equal_hashes(cls: type, values: dict[str, Any]) -> None:
    one, other = cls(**values), cls(**values)

    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1


@every
def test_every_field_but_is_new_is_compared(cls: type, values: dict[str, Any]) -> None:
    made = cls(**values)

    for name in values:
        is_equal = dataclasses.replace(made, **{name: object()}) == made
        assert is_equal is (name == "is_new"), name


@pytest.mark.parametrize(("cls", "values"), [(Snapshot, SNAPSHOT), (SnapshotMember, MEMBER)])
def test_unknown_fields_are_compared_but_not_hashed(cls: type, values: dict[str, Any]) -> None:
    one = cls(**values)
    other = dataclasses.replace(one, extra=FrozenDict({"newField": 2}))

    assert one != other
    assert hash(one) == hash(other)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@every
def test_model_pickles(cls: type, values: dict[str, Any], protocol: int) -> None:
    made = cls(**values)

    again = pickle.loads(pickle.dumps(made, protocol))  # noqa: S301

    assert again == made
    assert type(again) is cls
    for name in values:
        assert getattr(again, name) == getattr(made, name)
        assert type(getattr(again, name)) is type(getattr(made, name))


def test_pickle_is_by_field_name() -> None:
    build, (cls, values) = minimal(status="queued").__reduce__()
    del values["extra"]  # as written by a version that did not have the field yet

    assert build(cls, values) == minimal(status="queued")


@every
def test_model_copies(cls: type, values: dict[str, Any]) -> None:
    made = cls(**values)

    for again in (copy.copy(made), copy.deepcopy(made)):
        assert again == made
        assert type(again) is cls
        assert again is not made


def test_deep_copy_shares_nothing_mutable() -> None:
    made = Snapshot(**SNAPSHOT)

    again = copy.deepcopy(made)

    assert isinstance(again.extra, FrozenDict)
    assert again.extra is not made.extra
    assert again.extra["newField"]["deep"] is not made.extra["newField"]["deep"]


@every
def test_dataclasses_replace_keeps_other_fields(cls: type, values: dict[str, Any]) -> None:
    name = next(iter(values))
    made: Any = cls(**values)

    changed = dataclasses.replace(made, **{name: "new"})

    assert getattr(changed, name) == "new"
    assert type(changed) is cls
    for other in set(values) - {name}:
        assert getattr(changed, other) is values[other]


@every
def test_asdict_is_json(cls: type, values: dict[str, Any]) -> None:
    made: Any = cls(**values)

    plain = json.loads(json.dumps(dataclasses.asdict(made), default=str))

    assert set(plain) == set(values)
    if "extra" in values:
        assert plain["extra"] == values["extra"]
    if "headers" in values:
        assert plain["headers"] == {"content-type": "application/json"}
    if "links" in values:
        assert plain["links"] == [{"href": "https://cloud.mongodb.com/x", "rel": "self"}]
    if "created_at" in values:
        assert plain["created_at"] == "2026-08-10 03:35:05+00:00"


@every
def test_docstring_names_every_field(cls: type, values: dict[str, Any]) -> None:
    doc = "".join(base.__doc__ or "" for base in cls.__mro__)

    assert "https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/" in (cls.__doc__ or "")
    assert "threads" in (cls.__doc__ or "")
    for name in values:
        assert f"    {name}: " in doc


@pytest.mark.parametrize("missing", ["id", "group_id", "cluster_name"])
@every_snapshot
def test_snapshot_requires_id_and_cluster(cls: type[Snapshot], missing: str) -> None:
    values = {"id": "a", "group_id": "b", "cluster_name": "c"}
    del values[missing]

    with pytest.raises(TypeError, match=missing):
        cls(**values)  # type: ignore[arg-type]


@every_snapshot
def test_defaults_are_none_or_empty(cls: type[Snapshot]) -> None:
    made = minimal(cls)
    tuples = {"policy_items", "links", "copy_regions", "members", "snapshot_ids"}

    for field in dataclasses.fields(made):
        value = getattr(made, field.name)
        if field.name in {"id", "group_id", "cluster_name"}:
            assert isinstance(value, str)
        elif field.name == "extra":
            assert type(value) is FrozenDict
            assert value == {}
        else:
            assert value == (() if field.name in tuples else None), field.name


def test_match_distinguishes_the_classes() -> None:
    def describe(snapshot: Snapshot) -> str:
        match snapshot:
            case ReplicaSetSnapshot(replica_set_name=str() as name):
                return f"replica set {name}"
            case ShardedClusterSnapshot(members=(SnapshotMember(replica_set_name=first), *_)):
                return f"sharded from {first}"
            case Snapshot(status="queued" | "inProgress"):
                return "running"
            case _:
                return "other"

    assert describe(ReplicaSetSnapshot(**(SNAPSHOT | REPLICA_SET))).endswith("abc-shard-0")
    assert describe(ShardedClusterSnapshot(**(SNAPSHOT | SHARDED))) == "sharded from shard-0"
    assert describe(minimal(status="inProgress")) == "running"
    assert describe(minimal(ReplicaSetSnapshot)) == "other"


def test_repr_is_one_short_line() -> None:
    long_one = minimal(description="line\n" * 100_000)
    raw = RawResponse(status=200, headers=Headers(), text="x" * 100_000)

    for shown in (repr(long_one), repr(raw)):
        assert len(shown) < 250
        assert "\n" not in shown
        assert "…" in shown


def test_repr_of_other_models_has_every_field() -> None:
    assert repr(Project(**PROJECT)) == (
        "Project(id='6a793f6b2c88faeba59bae37', name='Billing', "
        "org_id='6a793f6b2c88faeba59bae38', cluster_count=3, created='2026-08-10T03:35:05Z', "
        "extra={'tags': []})"
    )


LONG = "n" * 100_000


@every
def test_repr_truncates_values(cls: type, values: dict[str, Any]) -> None:
    huge: dict[str, Any] = {
        name: LONG if isinstance(value, str) else value for name, value in values.items()
    }
    more = {
        "extra": FrozenDict({LONG: LONG}),
        "request": SnapshotRequest(group_id=LONG, cluster_name=LONG, description=LONG),
        "error": AtlasError(LONG),
    }
    huge |= {name: value for name, value in more.items() if name in values}

    shown = repr(cls(**huge))

    assert len(shown) < 1500
    assert shown.startswith(f"{cls.__name__}(")
    assert "…" in shown


def test_raw_response_parses_its_body_for_each_call() -> None:
    raw = RawResponse(status=200, headers=Headers(), text='{"results": [{"id": "é", "n": 1}]}')

    assert raw.json() == {"results": [{"id": "é", "n": 1}]}
    assert raw.json() is not raw.json()


@pytest.mark.parametrize("text", ["", "<html></html>", '{"id":'])
def test_raw_response_without_json_raises(text: str) -> None:
    with pytest.raises(ValueError, match="Expecting"):
        RawResponse(status=502, headers=Headers(), text=text).json()
