"""A fleet that is cut off frees what it holds, at once and quietly."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from atlas_backups import SnapshotRequest
from tests.door import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, always

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from tests.conftest import Serve
    from tests.raw_server import RawServer

REQUESTS = [SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)] * 6


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_ends_a_fleet(serve: Serve) -> None:
    server, client = serve(always(NEVER))
    sent = 0.0

    def interrupt() -> None:
        nonlocal sent
        server.wait_for_requests(2)
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        list(client.take_snapshots(REQUESTS, concurrency=2))

    assert time.monotonic() - sent < 0.5
    thread.join()
    server.wait_for_end_of_connection()
    assert len(server.requests) == 2


async def consume(client: AtlasBackups) -> None:
    async for _ in client.take_snapshots_async(REQUESTS, concurrency=2):
        pass


async def consume_until_cancelled(client: AtlasBackups, server: RawServer) -> None:
    task = asyncio.create_task(consume(client))
    await asyncio.to_thread(server.wait_for_requests, 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_cancelled_task_ends_its_fleet(serve: Serve) -> None:
    server, client = serve(always(NEVER))

    asyncio.run(consume_until_cancelled(client, server))

    server.wait_for_end_of_connection()
    assert len(server.requests) == 2


def test_an_iteration_that_is_left_by_break_is_ended_with_its_iterator(serve: Serve) -> None:
    server, client = serve(always(NEVER))

    async def leave() -> None:
        outcomes = client.take_snapshots_async(REQUESTS, concurrency=2)
        step = asyncio.ensure_future(anext(outcomes))
        await asyncio.to_thread(server.wait_for_requests, 2)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)

    asyncio.run(leave())
    gc.collect()

    server.wait_for_end_of_connection()
