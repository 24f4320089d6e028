"""The results as values: immutable, comparable, copyable, and honest about what they hold."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import sys
import typing
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
def test_it_holds_what_it_was_given(cls: type, values: dict[str, Any]) -> None:
    made = cls(**values)

    assert {field.name for field in dataclasses.fields(made)} == set(values)
    for name, value in values.items():
        assert getattr(made, name) is value


@every
def test_it_takes_keywords_only(cls: type, values: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        cls(*values.values())


@every
def test_it_cannot_be_changed(cls: type, values: dict[str, Any]) -> None:
    made = cls(**values)

    for name in values:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(made, name)
    with pytest.raises((AttributeError, TypeError)):
        made.unknown = 1
    assert not hasattr(made, "__dict__")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="3.10 repeats them: it costs memory only")
@every
def test_slots_are_not_repeated_along_the_inheritance(cls: type, values: dict[str, Any]) -> None:
    slots = [slot for base in cls.__mro__ for slot in getattr(base, "__slots__", ())]

    assert sorted(slots) == sorted(values)


@every
def test_equal_values_are_equal_and_hash_alike(cls: type, values: dict[str, Any]) -> None:
    one, other = cls(**values), cls(**values)

    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1


@every
def test_each_field_counts_for_equality(cls: type, values: dict[str, Any]) -> None:
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


def test_a_subclass_with_the_same_values_is_not_equal() -> None:
    assert minimal(Snapshot) != minimal(ReplicaSetSnapshot)
    assert minimal(ReplicaSetSnapshot) != minimal(ShardedClusterSnapshot)
    assert minimal(FlexSnapshot) != minimal(Snapshot)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@every
def test_it_survives_pickle(cls: type, values: dict[str, Any], protocol: int) -> None:
    made = cls(**values)

    again = pickle.loads(pickle.dumps(made, protocol))  # noqa: S301

    assert again == made
    assert type(again) is cls
    for name in values:
        assert getattr(again, name) == getattr(made, name)
        assert type(getattr(again, name)) is type(getattr(made, name))


def test_a_pickle_names_its_fields() -> None:
    build, (cls, values) = minimal(status="queued").__reduce__()
    del values["extra"]  # as written by a version that did not have the field yet

    assert build(cls, values) == minimal(status="queued")


@every
def test_it_copies(cls: type, values: dict[str, Any]) -> None:
    made = cls(**values)

    for again in (copy.copy(made), copy.deepcopy(made)):
        assert again == made
        assert type(again) is cls
        assert again is not made


def test_a_deep_copy_shares_nothing_that_can_change() -> None:
    made = Snapshot(**SNAPSHOT)

    again = copy.deepcopy(made)

    assert isinstance(again.extra, FrozenDict)
    assert again.extra is not made.extra
    assert again.extra["newField"]["deep"] is not made.extra["newField"]["deep"]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace is new in 3.13")
@every
def test_copy_replace_works(cls: type, values: dict[str, Any]) -> None:
    name, value = next(iter(values.items()))

    replace: Any = vars(copy)["replace"]

    assert replace(cls(**values), **{name: value}) == cls(**values)
    assert replace(cls(**values), **{name: "new"}) != cls(**values)


@every
def test_replace_keeps_the_rest(cls: type, values: dict[str, Any]) -> None:
    name = next(iter(values))
    made: Any = cls(**values)

    changed = dataclasses.replace(made, **{name: "new"})

    assert getattr(changed, name) == "new"
    assert type(changed) is cls
    for other in set(values) - {name}:
        assert getattr(changed, other) is values[other]


@every
def test_as_dict_goes_through_json(cls: type, values: dict[str, Any]) -> None:
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
def test_its_annotations_resolve_at_run_time(cls: type, values: dict[str, Any]) -> None:
    hints = typing.get_type_hints(cls)

    assert set(hints) == set(values)


@every
def test_its_docstring_names_every_field_and_the_page(cls: type, values: dict[str, Any]) -> None:
    doc = "".join(base.__doc__ or "" for base in cls.__mro__)

    assert "https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/" in (cls.__doc__ or "")
    assert "threads" in (cls.__doc__ or "")
    for name in values:
        assert f"    {name}: " in doc


@pytest.mark.parametrize("missing", ["id", "group_id", "cluster_name"])
@every_snapshot
def test_a_snapshot_needs_its_id_and_its_place(cls: type[Snapshot], missing: str) -> None:
    values = {"id": "a", "group_id": "b", "cluster_name": "c"}
    del values[missing]

    with pytest.raises(TypeError, match=missing):
        cls(**values)  # type: ignore[arg-type]


@every_snapshot
def test_what_atlas_has_not_said_is_none_or_empty(cls: type[Snapshot]) -> None:
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


def test_match_tells_the_classes_apart() -> None:
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


@pytest.mark.parametrize(
    ("status", "final"),
    [
        ("completed", True),
        ("failed", True),
        ("queued", False),
        ("inProgress", False),
        ("COMPLETED", False),
        ("deleting", False),
        ("", False),
        (None, False),
    ],
)
@every_snapshot
def test_only_completed_and_failed_are_final(
    cls: type[Snapshot], status: str | None, *, final: bool
) -> None:
    assert minimal(cls, status=status).is_final is final


@every_snapshot
@pytest.mark.parametrize("rest", ["", "before release 42", "] ", f"{TAG} again"])
def test_a_tag_is_read_from_the_start_of_the_description(cls: type[Snapshot], rest: str) -> None:
    made = minimal(cls, description=f"{TAG} {rest}")

    assert made.idempotency_tag == TAG


def test_a_tag_without_a_text_may_have_lost_its_space() -> None:
    assert minimal(description=TAG).idempotency_tag == TAG


@pytest.mark.parametrize(
    "description",
    [
        f"{TAG}x",
        f"{TAG}\xa0text",
        f" \ufeff{TAG} text",
        f"text [ab1:] {TAG} ",
        f"{TAG[1:]} text",
        f'"{TAG} text"',
        f"{TAG} like [ab1:{'A' * 26}]",
        TAG.replace("[", "&#91;").replace("]", "&#93;"),
        TAG.replace("[", "&lbrack;").replace(":", "&colon;"),
        TAG.replace("[", "%5B").replace(":", "%3a").replace("]", "%5D"),
        TAG.replace(":", "\\u003a"),
    ],
)
def test_idempotency_tag_is_found_wherever_it_stands(description: str) -> None:
    assert minimal(description=description).idempotency_tag == TAG


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        "before release 42",
        f"[ab2:{TAG[5:]} text",
        f"[AB1:{TAG[5:]} text",
        f"{TAG[:-2]}] text",  # 25 characters
        f"{TAG[:-1]}A] text",  # 27 characters
        "[ab1:] text",
        f"{TAG[:5]}{'a' * 26}] text",
        *(f"{TAG[:17]}{odd}{TAG[18:]} text" for odd in "a018 =-]é\n\0"),
    ],
)
def test_anything_else_is_no_tag(description: str | None) -> None:
    assert minimal(description=description).idempotency_tag is None


@pytest.mark.parametrize("position", [5, 30])
def test_the_first_and_last_character_of_a_tag_count(position: int) -> None:
    tag = f"{TAG[:position]}1{TAG[position + 1 :]}"

    assert minimal(description=f"{tag} text").idempotency_tag is None


@pytest.mark.parametrize(
    ("identifier", "second"),
    [
        ("6a79468a2c88faeba59de489", datetime(2026, 8, 10, 3, 33, 30, tzinfo=timezone.utc)),
        ("000000000000000000000000", datetime(1970, 1, 1, tzinfo=timezone.utc)),
        ("ffffffff2c88faeba59de489", datetime(2106, 2, 7, 6, 28, 15, tzinfo=timezone.utc)),
    ],
)
def test_the_id_tells_when_it_was_requested(identifier: str, second: datetime) -> None:
    requested_at = minimal(id=identifier).requested_at

    assert requested_at == second
    assert requested_at.tzinfo is timezone.utc


def test_an_id_that_is_none_tells_no_time() -> None:
    with pytest.raises(ValueError, match="snap-1"):
        _ = minimal(id="snap-1").requested_at


def test_repr_of_a_young_snapshot_shows_what_is_known() -> None:
    made = minimal(ReplicaSetSnapshot, status="queued", storage_size_bytes=0)

    assert repr(made) == (
        "ReplicaSetSnapshot(id='6a79468a2c88faeba59de489', status='queued', "
        "cluster_name='Cluster0', storage_size_bytes=0, ...)"
    )


def test_repr_of_a_completed_snapshot_shows_times_as_atlas_writes_them() -> None:
    assert repr(Snapshot(**SNAPSHOT)) == (
        "Snapshot(id='6a79468a2c88faeba59de489', status='completed', cluster_name='Cluster0', "
        "type='replicaSet', description='before release 42', "
        "created_at='2026-08-10T03:35:05Z', expires_at='2026-08-11T03:36:07Z', "
        "storage_size_bytes=4186517504, ...)"
    )


def test_repr_says_when_there_is_no_status() -> None:
    assert "status=None" in repr(minimal())


def test_repr_stays_short_and_on_one_line() -> None:
    long_one = minimal(description="line\n" * 100_000)
    raw = RawResponse(status=200, headers=Headers(), text="x" * 100_000)

    for shown in (repr(long_one), repr(raw)):
        assert len(shown) < 250
        assert "\n" not in shown
        assert "…" in shown


def test_repr_of_other_records_names_every_field() -> None:
    assert repr(Project(**PROJECT)) == (
        "Project(id='6a793f6b2c88faeba59bae37', name='Billing', "
        "org_id='6a793f6b2c88faeba59bae38', cluster_count=3, created='2026-08-10T03:35:05Z', "
        "extra={'tags': []})"
    )


LONG = "n" * 100_000


@every
def test_repr_is_short_whatever_the_values_are(cls: type, values: dict[str, Any]) -> None:
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


def test_a_raw_answer_parses_its_body_at_every_call() -> None:
    raw = RawResponse(status=200, headers=Headers(), text='{"results": [{"id": "é", "n": 1}]}')

    assert raw.json() == {"results": [{"id": "é", "n": 1}]}
    assert raw.json() is not raw.json()


@pytest.mark.parametrize("text", ["", "<html></html>", '{"id":'])
def test_a_raw_answer_without_json_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="Expecting"):
        RawResponse(status=502, headers=Headers(), text=text).json()


class TestHeaders:
    @pytest.mark.parametrize(
        "name", ["RateLimit-Remaining", "ratelimit-remaining", "RATELIMIT-REMAINING"]
    )
    def test_names_match_in_any_case(self, name: str) -> None:
        headers = Headers([("Ratelimit-Remaining", "1199")])

        assert headers[name] == "1199"
        assert headers.get(name) == "1199"
        assert name in headers
        assert list(headers) == ["ratelimit-remaining"]

    def test_what_is_missing_is_missing(self) -> None:
        headers = Headers()

        assert headers.get("Retry-After") is None
        assert headers.get("Retry-After", "1") == "1"
        assert "Retry-After" not in headers
        assert not headers.__contains__(1)
        assert len(headers) == 0
        with pytest.raises(KeyError, match="retry-after"):
            _ = headers["Retry-After"]

    def test_repeated_names_are_joined_in_order(self) -> None:
        headers = Headers([("Via", "a"), ("Date", "now"), ("VIA", "b"), ("via", "c")])

        assert dict(headers) == {"via": "a, b, c", "date": "now"}

    def test_pairs_mappings_and_iterators_give_the_same(self) -> None:
        pairs = [("Date", "now"), ("Server", "mdbws")]

        assert Headers(pairs) == Headers(dict(pairs)) == Headers(iter(pairs))
        assert Headers(pairs) == Headers(Headers(pairs))

    def test_equal_headers_hash_alike(self) -> None:
        one = Headers([("A", "1"), ("B", "2")])
        other = Headers([("b", "2"), ("a", "1")])

        assert one == other
        assert hash(one) == hash(other)
        assert one != Headers([("A", "1")])


@pytest.mark.parametrize("made", [FrozenDict({"a": "1"}), Headers({"a": "1"})], ids=type)
class TestReadOnlyMappings:
    @pytest.mark.parametrize(
        ("method", "arguments"),
        [
            ("__setitem__", ("a", "2")),
            ("__delitem__", ("a",)),
            ("__ior__", ({"b": "2"},)),
            ("clear", ()),
            ("pop", ("a",)),
            ("popitem", ()),
            ("setdefault", ("b", "2")),
            ("update", ({"b": "2"},)),
        ],
    )
    def test_every_change_is_refused(
        self, made: FrozenDict[str], method: str, arguments: tuple[Any, ...]
    ) -> None:
        with pytest.raises(TypeError, match=f"{type(made).__name__} is read-only"):
            getattr(made, method)(*arguments)

        assert made == {"a": "1"}
        with pytest.raises(AttributeError):
            setattr(made, "unknown", 1)  # noqa: B010  # type checkers refuse the plain form

    def test_no_method_of_dict_that_changes_it_was_forgotten(self, made: FrozenDict[str]) -> None:
        harmless = {"copy", "fromkeys", "get", "items", "keys", "values"}
        public = {name for name in vars(dict) if not name.startswith("_")}

        refusing = {
            name for name in public - harmless if getattr(type(made), name) == type(made).clear
        }

        assert refusing == public - harmless

    def test_a_union_and_a_copy_may_be_changed(self, made: FrozenDict[str]) -> None:
        for plain in (made | {"b": "2"}, {"b": "2"} | made, made.copy() | {"b": "2"}, dict(made)):
            assert type(plain) is dict
            plain["b"] = "2"
            assert plain == {"a": "1", "b": "2"}
        assert type(made.copy()) is dict

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_it_survives_pickle_and_copies(self, made: FrozenDict[str], protocol: int) -> None:
        pickled = pickle.loads(pickle.dumps(made, protocol))  # noqa: S301

        for again in (pickled, copy.copy(made), copy.deepcopy(made)):
            assert again == made
            assert type(again) is type(made)

    def test_it_goes_through_json(self, made: FrozenDict[str]) -> None:
        assert json.loads(json.dumps(made)) == {"a": "1"}
        assert json.loads(json.dumps(made, indent=1)) == {"a": "1"}
