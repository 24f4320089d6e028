"""Unexpected fields are kept in `extra` and never fail the call."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import ShardedClusterSnapshot
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


def test_unknown_fields_are_in_extra(flavor: ClientFlavor, serve: Serve) -> None:
    snapshot = take(flavor, serve, queued(**UNKNOWN))

    assert thawed(snapshot.extra) == UNKNOWN


def test_unknown_fields_of_a_member_are_in_its_extra(flavor: ClientFlavor, serve: Serve) -> None:
    body = {**PAGE_SHARDED, "members": [{"id": SNAPSHOT_ID, "zone": 7}]}

    snapshot = take(flavor, serve, body)

    assert isinstance(snapshot, ShardedClusterSnapshot)
    assert snapshot.members[0].id == SNAPSHOT_ID
    assert snapshot.members[0].extra == {"zone": 7}


def test_extra_is_read_only(flavor: ClientFlavor, serve: Serve) -> None:
    extra: Any = take(flavor, serve, queued(**UNKNOWN)).extra

    with pytest.raises(TypeError):
        extra["flag"] = False
    with pytest.raises(TypeError):
        extra["newField"]["deep"] = ()
    with pytest.raises(TypeError):
        extra["newField"]["deep"][2]["x"] = "z"


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
def test_times_are_aware_utc(
    flavor: ClientFlavor, serve: Serve, text: str, expected: datetime
) -> None:
    snapshot = take(flavor, serve, queued(expiresAt=text))

    assert snapshot.expires_at == expected
    assert snapshot.expires_at is not None
    assert snapshot.expires_at.tzinfo is timezone.utc
    assert "expiresAt" not in snapshot.extra


@pytest.mark.parametrize("size", [2**31, 4_186_517_504, 2**63, 2**64 + 1, 10**400, -1])
def test_large_sizes_are_exact(flavor: ClientFlavor, serve: Serve, size: int) -> None:
    assert take(flavor, serve, queued(storageSizeBytes=size)).storage_size_bytes == size


def test_unknown_numbers_keep_every_digit(flavor: ClientFlavor, serve: Serve) -> None:
    extra = take(flavor, serve, queued(big=2**200, negative=-(2**70))).extra

    assert (extra["big"], extra["negative"]) == (2**200, -(2**70))


def test_extra_has_json_types(flavor: ClientFlavor, serve: Serve) -> None:
    text = (
        f"[{2**63 - 1}, {2**63}, {-(2**63)}, -0, 1.5, -0.0, 1e3, 2E-2, 1e400,"
        ' "é😀\\u0000", "", true, false, null, [], [[1]]]'
    )

    extra = take(flavor, serve, f'{{"id": "{SNAPSHOT_ID}", "new": {text}}}').extra

    assert repr(extra["new"]) == repr(json.loads(text))


def test_number_too_long_for_python_does_not_fail_the_call(
    flavor: ClientFlavor, serve: Serve
) -> None:
    body = f'{{"id": "{SNAPSHOT_ID}", "new": {"9" * 5000}, "storageSizeBytes": {"9" * 5000}}}'

    assert take(flavor, serve, body).id == SNAPSHOT_ID
