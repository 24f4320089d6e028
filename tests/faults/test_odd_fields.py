"""Fields that are not what they should be cost no snapshot, and are kept as they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import Snapshot, SnapshotList
from tests.bodies import SNAPSHOT_ID
from tests.faults.calls import CALLS, LIST
from tests.faults.rows import ODD_FIELDS
from tests.faults.service import failing, good
from tests.raw_server import Received, answer

if TYPE_CHECKING:
    from tests.faults.calls import Call
    from tests.faults.lab import Lab
    from tests.raw_server import Script

HUGE = 2**200


@pytest.mark.filterwarnings("ignore:.*idempotency_key:RuntimeWarning")  # "null description"
@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "changes", "kept"),
    [
        ("unknown status", {"status": "resting"}, {"status": "resting"}),
        ("unknown type", {"type": "lake"}, {"type": "lake"}),
        ("unknown label", {"snapshotType": "fancy"}, {"snapshot_type": "fancy"}),
        ("huge number", {"storageSizeBytes": HUGE}, {"storage_size_bytes": HUGE}),
        ("huge number in an unknown field", {"new": HUGE}, {"new": HUGE}),
        ("bad date", {"expiresAt": "soon"}, {"expires_at": None, "expiresAt": "soon"}),
        ("date that is a number", {"createdAt": 7}, {"created_at": None, "createdAt": 7}),
        ("null list", {"policyItems": None, "links": None}, {"policy_items": (), "links": ()}),
        ("null description", {"description": None}, {"description": None}),
        ("unknown field", {"new": {"deep": [1]}}, {"new": {"deep": [1]}}),
    ],
)
def test_a_field_that_is_odd(
    lab: Lab, name: str, changes: dict[str, Any], kept: dict[str, Any], call: Call
) -> None:
    server = lab.start(failing(lambda request: [good(request, **changes)], call.method))
    client = lab.connect(server, call)

    end = call.run(lab.flavor, client)

    check_kept(end, kept)
    lab.record(ODD_FIELDS, name, call, end, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_key_that_comes_twice(lab: Lab, call: Call) -> None:
    def steps(request: Received) -> Script:
        body = good(request).partition(b"\r\n\r\n")[2]
        return [answer(200, body.replace(b'"status"', b'"status": "first", "status"'))]

    server = lab.start(failing(steps, call.method))
    client = lab.connect(server, call)

    end = call.run(lab.flavor, client)

    check_kept(end, {"status": "queued"})
    lab.record(ODD_FIELDS, "duplicate key", call, end, server.requests)


def test_a_list_that_is_null(lab: Lab) -> None:
    empty = answer(200, {"results": None, "totalCount": 0, "links": None})
    server = lab.start(failing(lambda _: [empty], "GET"))
    client = lab.connect(server, LIST)

    end = LIST.run(lab.flavor, client)

    assert isinstance(end, SnapshotList)
    assert list(end) == []
    lab.record(ODD_FIELDS, "null for the list itself", LIST, end, server.requests)


def check_kept(end: object, kept: dict[str, Any]) -> None:
    """Look for the fields where they belong, or in `extra`."""
    if isinstance(end, SnapshotList):
        (end,) = end
    assert isinstance(end, Snapshot), end
    assert end.id == SNAPSHOT_ID
    for name, value in kept.items():
        assert (end.extra[name] if name in end.extra else getattr(end, name)) == value
