"""Fields that are not what they should be: kept as they came, and never a lost snapshot."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import ReplicaSetSnapshot, ShardedClusterSnapshot
from tests.bodies import PAGE_SHARDED, SNAPSHOT_ID, queued
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups import Snapshot
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor

UNKNOWN = {"newField": {"deep": [1, None, {"x": "y"}]}, "flag": True, "half": 0.5, "none": None}


def take(flavor: ClientFlavor, serve: Serve, body: dict[str, Any] | str) -> Snapshot:
    _, client = serve(always(answer(200, body)))
    return flavor.take(client)


def thawed(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_unknown_fields_are_kept_under_their_own_names(flavor: ClientFlavor, serve: Serve) -> None:
    snapshot = take(flavor, serve, queued(**UNKNOWN))

    assert thawed(snapshot.extra) == UNKNOWN


def test_unknown_fields_of_a_member_are_kept_with_it(flavor: ClientFlavor, serve: Serve) -> None:
    body = {**PAGE_SHARDED, "members": [{"id": SNAPSHOT_ID, "zone": 7}]}

    snapshot = take(flavor, serve, body)

    assert isinstance(snapshot, ShardedClusterSnapshot)
    assert snapshot.members[0].id == SNAPSHOT_ID
    assert snapshot.members[0].extra == {"zone": 7}


def test_links_that_say_more_are_kept_as_they_came(flavor: ClientFlavor, serve: Serve) -> None:
    links = [{"href": "https://x", "rel": "self"}, {"rel": "self", "title": "me"}]

    snapshot = take(flavor, serve, queued(links=links))

    assert snapshot.links == ()
    assert thawed(snapshot.extra) == {"links": links}


def test_the_mappings_in_extra_are_read_only(flavor: ClientFlavor, serve: Serve) -> None:
    extra: Any = take(flavor, serve, queued(**UNKNOWN)).extra

    with pytest.raises(TypeError):
        extra["flag"] = False
    with pytest.raises(TypeError):
        extra["newField"]["deep"] = ()
    with pytest.raises(TypeError):
        extra["newField"]["deep"][2]["x"] = "z"


def test_an_empty_extra_is_read_only_too(flavor: ClientFlavor, serve: Serve) -> None:
    extra: Any = take(flavor, serve, queued()).extra

    assert extra == {}
    with pytest.raises(TypeError):
        extra["new"] = 1


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_result_pickles_and_copies(flavor: ClientFlavor, serve: Serve, protocol: int) -> None:
    snapshot = take(flavor, serve, {**PAGE_SHARDED, **UNKNOWN})

    again = pickle.loads(pickle.dumps(snapshot, protocol))  # our own pickle  # noqa: S301  # our own pickle

    assert again == snapshot
    assert type(again) is type(snapshot)
    assert hash(again) == hash(snapshot)
    assert copy.deepcopy(snapshot) == copy.copy(snapshot) == snapshot


def test_extra_counts_for_equality_but_not_for_the_hash(flavor: ClientFlavor, serve: Serve) -> None:
    plain, more = take(flavor, serve, queued()), take(flavor, serve, queued(**UNKNOWN))

    assert plain != more
    assert hash(plain) == hash(more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-02T00:00:00Z", datetime(2026, 9, 2, tzinfo=timezone.utc)),
        ("2026-09-02T02:00:00+02:00", datetime(2026, 9, 2, tzinfo=timezone.utc)),
        ("2026-09-02T00:00:00.25Z", datetime(2026, 9, 2, 0, 0, 0, 250_000, tzinfo=timezone.utc)),
        ("2026-09-02t00:00:00z", datetime(2026, 9, 2, tzinfo=timezone.utc)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_dates_are_aware_and_in_utc(
    flavor: ClientFlavor, serve: Serve, text: str, expected: datetime
) -> None:
    snapshot = take(flavor, serve, queued(expiresAt=text))

    assert snapshot.expires_at == expected
    assert snapshot.expires_at is not None
    assert snapshot.expires_at.tzinfo is timezone.utc
    assert "expiresAt" not in snapshot.extra


@pytest.mark.parametrize(
    "odd", ["soon", "", "2026-13-01T00:00:00Z", "10000-01-01T00:00:00Z", 1788307200, {"$date": 1}]
)
def test_an_odd_date_is_kept_as_it_came(flavor: ClientFlavor, serve: Serve, odd: object) -> None:
    snapshot = take(flavor, serve, queued(expiresAt=odd))

    assert snapshot.expires_at is None
    assert snapshot.extra["expiresAt"] == odd


@pytest.mark.parametrize("size", [2**31, 4_186_517_504, 2**63, 2**64 + 1, 10**400, -1])
def test_sizes_have_no_limit(flavor: ClientFlavor, serve: Serve, size: int) -> None:
    assert take(flavor, serve, queued(storageSizeBytes=size)).storage_size_bytes == size


def test_unknown_numbers_keep_every_digit(flavor: ClientFlavor, serve: Serve) -> None:
    extra = take(flavor, serve, queued(big=2**200, negative=-(2**70))).extra

    assert (extra["big"], extra["negative"]) == (2**200, -(2**70))


def test_values_in_extra_are_of_the_kinds_that_json_has_in_python(
    flavor: ClientFlavor, serve: Serve
) -> None:
    text = (
        f"[{2**63 - 1}, {2**63}, {-(2**63)}, -0, 1.5, -0.0, 1e3, 2E-2, 1e400,"
        ' "é😀\\u0000", "", true, false, null, [], [[1]]]'
    )

    extra = take(flavor, serve, f'{{"id": "{SNAPSHOT_ID}", "new": {text}}}').extra

    assert repr(extra["new"]) == repr(json.loads(text))


def test_a_number_that_python_refuses_to_read_costs_no_snapshot(
    flavor: ClientFlavor, serve: Serve
) -> None:
    body = f'{{"id": "{SNAPSHOT_ID}", "new": {"9" * 5000}, "storageSizeBytes": {"9" * 5000}}}'

    assert take(flavor, serve, body).id == SNAPSHOT_ID


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("status", 7),
        ("description", ["a"]),
        ("storageSizeBytes", "many"),
        ("storageSizeBytes", 1.5),
        ("policyItems", "one"),
        ("links", [None]),
        ("copyRegions", {"a": 1}),
        ("replicaSetName", False),
    ],
)
def test_a_field_of_another_type_moves_to_extra(
    flavor: ClientFlavor, serve: Serve, name: str, odd: object
) -> None:
    snapshot = take(flavor, serve, queued(**{name: odd}))

    assert type(snapshot) is ReplicaSetSnapshot
    assert thawed(snapshot.extra) == {name: odd}


def test_a_repeated_field_costs_no_snapshot(flavor: ClientFlavor, serve: Serve) -> None:
    snapshot = take(flavor, serve, f'{{"id": "{SNAPSHOT_ID}", "status": "a", "status": "queued"}}')

    assert snapshot.status == "queued"
