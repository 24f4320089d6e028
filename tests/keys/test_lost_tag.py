"""A snapshot stored without the tag of its key is returned with a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import SnapshotRequest
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Script

KEY = "release-42"
EMPTY = answer(200, {"results": [], "totalCount": 0})
LIST: Script = [READ, EMPTY, READ, EMPTY]
descriptions = pytest.mark.parametrize("description", [None, "", "text", "[ab1:"])


def taking(description: str | None) -> Script:
    return [*LIST, READ, answer(200, queued(description=description)), *LIST]


@descriptions
def test_take_without_a_stored_tag_warns(
    flavor: ClientFlavor, serve: Serve, description: str | None
) -> None:
    _, client = serve(taking(description))

    with pytest.warns(RuntimeWarning, match=f"{SNAPSHOT_ID}.*idempotency_key"):
        snapshot = flavor.take(client, idempotency_key=KEY)

    assert snapshot.id == SNAPSHOT_ID


@descriptions
def test_fleet_without_a_stored_tag_warns_at_its_end(
    flavor: ClientFlavor, serve: Serve, description: str | None
) -> None:
    _, client = serve(taking(description))
    request = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME, idempotency_key=KEY)

    with pytest.warns(RuntimeWarning, match=SNAPSHOT_ID):
        (ended,) = flavor.iterate(client, "take_snapshots", [request])

    assert ended.snapshot is not None
    assert ended.error is None


def test_warning_names_the_line_of_the_caller(serve: Serve) -> None:
    _, client = serve(taking(None))

    with pytest.warns(RuntimeWarning) as caught:
        client.take_snapshot(GROUP_ID, CLUSTER_NAME, idempotency_key=KEY)

    assert [warning.filename for warning in caught] == [__file__]
