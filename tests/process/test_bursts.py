"""Bursts of calls on one event loop: the loop runs other callbacks between batches of results."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

from atlas_backups import AccessToken, AtlasBackups
from tests.flavor import CLUSTER_NAME
from tests.process.loops import on_every_loop, run

if TYPE_CHECKING:
    from tests.process.loops import NewLoop
    from tests.raw_server import RawServer

CALLS = 300
MAX_RESULTS_PER_ITERATION = 64


@on_every_loop
def test_burst_of_results_is_delivered_in_batches(new_loop: NewLoop, ready: RawServer) -> None:
    client = AtlasBackups(AccessToken("t-0123456"), base_url=ready.base_url)

    async def burst() -> int:
        loop = asyncio.get_running_loop()
        iteration = 0
        ended: list[int] = []

        def count() -> None:
            nonlocal iteration
            iteration += 1
            loop.call_soon(count)

        async def take(number: int) -> None:
            # Each call has a group of its own, so that no rate limit delays it.
            await client.take_snapshot_async(f"66b0c1d2e3f4a5b6{number:08x}", CLUSTER_NAME)
            ended.append(iteration)

        count()
        tasks = [asyncio.create_task(take(number)) for number in range(CALLS)]
        while len(ready.requests) < CALLS // 2:
            await asyncio.sleep(0)
            time.sleep(0.05)  # noqa: ASYNC251  # blocks the loop, so that results accumulate
        await asyncio.gather(*tasks)
        return max(Counter(ended).values())

    assert run(new_loop, burst()) <= MAX_RESULTS_PER_ITERATION
    assert len(ready.requests) == CALLS
