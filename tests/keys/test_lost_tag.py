"""A snapshot whose description has lost the tag of its key: it is returned, but not silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, SnapshotRequest
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, answer
from tests.tags import tag_of

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Script

KEY = "release-42"
EMPTY = answer(200, {"results": [], "totalCount": 0})
LOOK: Script = [READ, EMPTY, READ, EMPTY]
descriptions = pytest.mark.parametrize("description", [None, "", "text", "[ab1:"])


def taking(description: str | None) -> Script:
    return [*LOOK, READ, answer(200, queued(description=description)), *LOOK]


@descriptions
def test_it_is_returned_with_a_warning(
    flavor: ClientFlavor, serve: Serve, description: str | None
) -> None:
    _, client = serve(taking(description))

    with pytest.warns(RuntimeWarning, match=f"{SNAPSHOT_ID}.*idempotency_key"):
        snapshot = flavor.take(client, idempotency_key=KEY)

    assert snapshot.id == SNAPSHOT_ID


@descriptions
def test_a_fleet_warns_at_its_end(
    flavor: ClientFlavor, serve: Serve, description: str | None
) -> None:
    _, client = serve(taking(description))
    request = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME, idempotency_key=KEY)

    with pytest.warns(RuntimeWarning, match=SNAPSHOT_ID):
        (ended,) = flavor.iterate(client, "take_snapshots", [request])

    assert ended.snapshot is not None
    assert ended.error is None


def test_the_warning_names_the_line_of_the_call(serve: Serve) -> None:
    _, client = serve(taking(None))

    with pytest.warns(RuntimeWarning) as caught:
        client.take_snapshot(GROUP_ID, CLUSTER_NAME, idempotency_key=KEY)

    assert [warning.filename for warning in caught] == [__file__]


def test_the_same_client_takes_no_second_one(flavor: ClientFlavor, serve: Serve) -> None:
    taken = answer(200, queued(description=None))
    server, client = serve([*LOOK, READ, taken, *LOOK, *LOOK, READ, taken])

    with pytest.warns(RuntimeWarning, match="tag"):
        snapshots = [flavor.take(client, idempotency_key=KEY) for _ in range(2)]

    assert {snapshot.id for snapshot in snapshots} == {SNAPSHOT_ID}
    assert [request.method for request in server.requests].count("POST") == 1


def test_without_a_key_or_with_its_tag_nothing_is_said(flavor: ClientFlavor, serve: Serve) -> None:
    tagged = answer(200, queued(description=tag_of(KEY)))
    _, client = serve([READ, answer(200, queued()), *LOOK, READ, tagged, *LOOK])

    flavor.take(client)
    flavor.take(client, idempotency_key=KEY)


def test_take_when_a_list_shows_the_snapshot_without_its_tag_returns_it_and_warns(
    flavor: ClientFlavor, serve: Serve
) -> None:
    listed = answer(200, {"results": [queued(description="text")], "totalCount": 1})
    look: Script = [READ, listed, READ, EMPTY]
    taken = answer(200, queued(description=tag_of(KEY)))
    server, client = serve([*LOOK, READ, taken, *look, *look])

    for _ in range(2):
        with pytest.warns(RuntimeWarning, match=SNAPSHOT_ID):
            assert flavor.take(client, idempotency_key=KEY).id == SNAPSHOT_ID

    assert [request.method for request in server.requests].count("POST") == 1


def test_fleet_when_a_list_shows_the_snapshot_without_its_tag_warns(
    flavor: ClientFlavor, serve: Serve
) -> None:
    listed = answer(200, {"results": [queued(description=None)], "totalCount": 1})
    taken = answer(200, queued(description=tag_of(KEY)))
    _, client = serve([*LOOK, READ, taken, READ, listed, READ, EMPTY])
    request = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME, idempotency_key=KEY)

    with pytest.warns(RuntimeWarning, match=SNAPSHOT_ID):
        (ended,) = flavor.iterate(client, "take_snapshots", [request])

    assert ended.error is None


def test_take_when_the_response_has_the_tag_of_another_key_is_ambiguous(
    flavor: ClientFlavor, serve: Serve
) -> None:
    taken = answer(200, queued(description=tag_of("another")))
    server, client = serve([*LOOK, READ, taken], total_timeout=1.0)

    with pytest.raises(AmbiguousOutcomeError, match="tag of another key"):
        flavor.take(client, idempotency_key=KEY)

    assert [request.method for request in server.requests].count("POST") == 1
