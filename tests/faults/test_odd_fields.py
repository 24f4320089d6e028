"""Unexpected field values are tolerated and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import Snapshot, SnapshotList
from tests.bodies import SNAPSHOT_ID
from tests.faults.lab import CALLS, LIST
from tests.faults.matrix_rows import ODD_FIELDS
from tests.faults.service import failing, good
from tests.raw_server import Received, answer

if TYPE_CHECKING:
    from tests.faults.lab import Call, Lab
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
def test_odd_field_is_tolerated(
    lab: Lab, name: str, changes: dict[str, Any], kept: dict[str, Any], call: Call
) -> None:
    server = lab.start(failing(lambda request: [good(request, **changes)], call.method))
    client = lab.connect(server, call)

    outcome = call.run(lab.flavor, client)

    check_kept(outcome, kept)
    lab.record(ODD_FIELDS, name, call, outcome, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_duplicate_key_is_tolerated(lab: Lab, call: Call) -> None:
    def steps(request: Received) -> Script:
        body = good(request).partition(b"\r\n\r\n")[2]
        return [answer(200, body.replace(b'"status"', b'"status": "first", "status"'))]

    server = lab.start(failing(steps, call.method))
    client = lab.connect(server, call)

    outcome = call.run(lab.flavor, client)

    check_kept(outcome, {"status": "queued"})
    lab.record(ODD_FIELDS, "duplicate key", call, outcome, server.requests)


def test_null_list_is_empty(lab: Lab) -> None:
    empty = answer(200, {"results": None, "totalCount": 0, "links": None})
    server = lab.start(failing(lambda _: [empty], "GET"))
    client = lab.connect(server, LIST)

    outcome = LIST.run(lab.flavor, client)

    assert isinstance(outcome, SnapshotList)
    assert list(outcome) == []
    lab.record(ODD_FIELDS, "null for the list itself", LIST, outcome, server.requests)


def check_kept(outcome: object, kept: dict[str, Any]) -> None:
    """Check the values in the fields or in `extra`."""
    if isinstance(outcome, SnapshotList):
        (outcome,) = outcome
    assert isinstance(outcome, Snapshot), outcome
    assert outcome.id == SNAPSHOT_ID
    for name, value in kept.items():
        assert (outcome.extra[name] if name in outcome.extra else getattr(outcome, name)) == value
