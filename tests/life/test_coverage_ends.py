"""`backup_coverage` ends: in time, when it is cancelled, and with its client."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from atlas_backups import ClientClosedError, RequestTimeoutError, TransportError
from atlas_backups.emulator import Fault
from tests.bodies import error
from tests.flavor import GROUP_ID
from tests.raw_server import NEVER, READ, Choose, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Received, Script

TOTAL = 2.0
NO_FLEX = answer(200, {"results": [], "totalCount": 0})
SILENT = Fault(path="Cluster0/backup/snapshots", delay=60.0, times=None)


def script(*clusters: str) -> Script:
    """A project with these clusters, whose snapshots are never told."""
    items = [{"name": name} for name in clusters]

    def choose(requests: Sequence[Received]) -> Script:
        path = requests[-1].target.partition("?")[0]
        if path.endswith("/clusters"):
            return [answer(200, {"results": items, "totalCount": len(items)})]
        return [NO_FLEX] if path.endswith("/flexClusters") else [NEVER]

    return [Repeat([READ, Choose(choose)])]


def test_what_the_time_leaves_unread_is_an_entry(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=TOTAL)
    emulator.fault(SILENT)

    begun = time.monotonic()
    coverage = flavor.call(client, "backup_coverage")

    assert TOTAL <= time.monotonic() - begun < TOTAL + 5
    late = coverage[0]
    assert late.cluster_name == "Cluster0"
    assert isinstance(late.error, RequestTimeoutError)
    assert [entry.error for entry in coverage[2:]] == [None] * 4


def test_without_the_list_of_projects_the_time_is_over(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=TOTAL)
    emulator.fault(Fault(path="/groups", delay=60.0, times=None))

    with pytest.raises(RequestTimeoutError):
        flavor.call(client, "backup_coverage")


def test_more_clusters_than_are_read_at_a_time_end_in_time_too(
    flavor: ClientFlavor, serve: Serve
) -> None:
    clusters = [f"C{number:02}" for number in range(50)]
    _, client = serve(script(*clusters), total_timeout=TOTAL)

    begun = time.monotonic()
    coverage = flavor.call(client, "backup_coverage", GROUP_ID)

    assert time.monotonic() - begun < TOTAL + 5
    assert [entry.cluster_name for entry in coverage] == clusters
    assert {type(entry.error) for entry in coverage} == {RequestTimeoutError}


def test_an_outage_in_the_middle_leaves_the_names(flavor: ClientFlavor, serve: Serve) -> None:
    def choose(requests: Sequence[Received]) -> Script:
        path = requests[-1].target.partition("?")[0]
        if path.endswith("/clusters"):
            return [answer(200, {"results": [{"name": "A"}], "totalCount": 1})]
        return [NO_FLEX] if path.endswith("/flexClusters") else ["reset"]

    _, client = serve([Repeat([READ, Choose(choose)])], max_retries=0)

    (entry,) = flavor.call(client, "backup_coverage", GROUP_ID)

    assert entry.cluster_name == "A"
    assert isinstance(entry.error, TransportError)


def test_a_cancelled_task_leaves_no_request_behind(serve: Serve) -> None:
    server, client = serve(script("A", "B", "C"))

    async def run() -> None:
        task = asyncio.create_task(client.backup_coverage_async(GROUP_ID))
        await asyncio.to_thread(server.wait_for_requests, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await task
        assert cancelled.value.__context__ is None

    asyncio.run(run())

    server.wait_for_end_of_connection()
    assert len(server.requests) == 5


def test_a_time_out_around_it_ends_it(serve: Serve) -> None:
    _, client = serve(script("A"))

    async def run() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.backup_coverage_async(GROUP_ID), 0.5)

    asyncio.run(run())


def test_a_closed_client_refuses(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    flavor.close(atlas)

    with pytest.raises(ClientClosedError):
        flavor.call(atlas, "backup_coverage")


def test_an_error_of_another_shape_is_an_entry_too(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    html = b"<html>" + str(error(400, "X")).encode()
    emulator.fault(Fault(path="Cluster0/backup", status=400, body=html, times=None))

    coverage = flavor.call(atlas, "backup_coverage")

    assert coverage[0].cluster_name == "Cluster0"
    assert coverage[0].error is not None
    assert len(coverage) == 6
