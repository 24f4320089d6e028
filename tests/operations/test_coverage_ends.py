"""`backup_coverage` ends on cancellation, timeout and close."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from atlas_backups import ClientClosedError
from tests.flavor import GROUP_ID
from tests.raw_server import NEVER, READ, Choose, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups import AtlasBackups
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Received, Script

NO_FLEX = answer(200, {"results": [], "totalCount": 0})


def script(*clusters: str) -> Script:
    """A project with these clusters, whose snapshot lists never arrive."""
    items = [{"name": name} for name in clusters]

    def choose(requests: Sequence[Received]) -> Script:
        path = requests[-1].target.partition("?")[0]
        if path.endswith("/clusters"):
            return [answer(200, {"results": items, "totalCount": len(items)})]
        return [NO_FLEX] if path.endswith("/flexClusters") else [NEVER]

    return [Repeat([READ, Choose(choose)])]


def test_cancelled_task_closes_its_connections(serve: Serve) -> None:
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


def test_asyncio_timeout_ends_the_call(serve: Serve) -> None:
    _, client = serve(script("A"))

    async def run() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.backup_coverage_async(GROUP_ID), 0.5)

    asyncio.run(run())


def test_closed_client_raises(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    flavor.close(atlas)

    with pytest.raises(ClientClosedError):
        flavor.call(atlas, "backup_coverage")
