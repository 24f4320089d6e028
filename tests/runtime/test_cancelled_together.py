"""Calls that are cancelled together send nothing more, however slow the loop is."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from atlas_backups import SnapshotRequest
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, RawServer, always, answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from atlas_backups import AtlasBackups
    from tests.conftest import Serve

# As many requests of a client are sent at a time.
PLACES = 128
WAITING = 60
# The loop's thread does that after each cancellation, so that the engine has time to send.
PAUSE = 0.003


async def take(client: AtlasBackups) -> None:
    try:
        await client.take_snapshot_async(GROUP_ID, CLUSTER_NAME)
    except asyncio.CancelledError:
        time.sleep(PAUSE)  # noqa: ASYNC251  # a loop that is busy
        raise


async def nested(client: AtlasBackups, depth: int) -> None:
    """Wait for a take through tasks that each cancel the next when they are cancelled."""
    if not depth:
        return await take(client)
    task = asyncio.create_task(nested(client, depth - 1))
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def delete(client: AtlasBackups) -> None:
    try:
        await client.delete_snapshot_async(GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID)
    except asyncio.CancelledError:
        time.sleep(PAUSE)  # noqa: ASYNC251  # a loop that is busy
        raise


async def fleet(client: AtlasBackups) -> None:
    requests = [SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)] * 4
    try:
        async for _ in client.take_snapshots_async(requests, concurrency=4):
            pass
    except asyncio.CancelledError:
        time.sleep(PAUSE)  # noqa: ASYNC251  # a loop that is busy
        raise


async def settle(server: RawServer) -> None:
    """Let everything be sent that has a place."""
    await asyncio.to_thread(server.wait_for_requests, PLACES)
    await asyncio.sleep(0.2)


async def cancel_at_once(server: RawServer, calls: list[Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(call) for call in calls]
    await settle(server)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def cancel_one_by_one(server: RawServer, calls: list[Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(call) for call in calls]
    await settle(server)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


CALLS: dict[str, Callable[[AtlasBackups, int], Awaitable[None]]] = {
    "takes": lambda client, _: take(client),
    "deletes": lambda client, _: delete(client),
    "tasks of tasks": lambda client, number: nested(client, number % 3),
}


@pytest.mark.parametrize("calls", CALLS)
@pytest.mark.parametrize("cancel", [cancel_at_once, cancel_one_by_one])
def test_cancelled_waiting_calls_are_not_sent(
    serve: Serve,
    calls: str,
    cancel: Callable[[RawServer, list[Awaitable[None]]], Awaitable[None]],
) -> None:
    server, client = serve(always(NEVER))

    async def main() -> None:
        every = [CALLS[calls](client, number) for number in range(PLACES + WAITING)]
        await cancel(server, every)
        await asyncio.sleep(0.2)

    asyncio.run(main())

    assert len(server.requests) == PLACES


def test_cancelled_waiting_fleets_are_not_sent(serve: Serve) -> None:
    server, client = serve(always(NEVER))

    async def main() -> None:
        await cancel_at_once(server, [fleet(client) for _ in range((PLACES + WAITING) // 4)])
        await asyncio.sleep(0.2)

    asyncio.run(main())

    assert len(server.requests) == PLACES


def test_other_calls_of_the_loop_are_sent(serve: Serve) -> None:
    server, client = serve(*[always(NEVER)] * PLACES, always(answer(200, queued())))

    async def main() -> None:
        tasks = [asyncio.ensure_future(take(client)) for _ in range(PLACES)]
        await settle(server)
        waiting = asyncio.ensure_future(client.take_snapshot_async(GROUP_ID, CLUSTER_NAME))
        for task in tasks:
            task.cancel()
        assert (await waiting).id

    asyncio.run(main())

    assert len(server.requests) == PLACES + 1
