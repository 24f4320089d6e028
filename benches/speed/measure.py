"""One measurement of one client, in a process of its own; `bench.py` starts it and reads the JSON.

`measure.py WHAT CLIENT BASE_URL CALLS AT_ONCE`; WHAT is `calls`, `fleet`, `memory` or `delay`.
"""

# ruff: noqa: ANN401  # of clients of an environment of their own
from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients import CLIENTS, CLUSTER_NAME, DAYS, DESCRIPTION, GROUP_ID, client

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP = 200
EARLY = 10_000  # calls after which pools and caches have their size
TICK = 0.001


def timed(run: Callable[[int], object], calls: int) -> dict[str, float]:
    run(WARM_UP)
    wall, cpu = time.perf_counter(), time.process_time()
    run(calls)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def looping(name: str, base_url: str, at_once: int) -> Callable[[int], object]:
    """Give a function that makes so many calls: one by one, in threads, or in tasks of one loop."""
    make = CLIENTS[name][1]
    if name.endswith("async"):
        loop = asyncio.new_event_loop()

        async def made() -> Any:
            return make(base_url)

        take = loop.run_until_complete(made())
        return lambda calls: loop.run_until_complete(gather(take, calls, at_once))
    take = make(base_url)

    def some(calls: int) -> None:
        for _ in range(calls):
            take()

    if at_once == 1:
        return some
    threads = ThreadPoolExecutor(at_once)
    return lambda calls: list(threads.map(some, shares(calls, at_once)))


def shares(calls: int, at_once: int) -> list[int]:
    return [len(range(number, calls, at_once)) for number in range(at_once)]


async def gather(take: Any, calls: int, at_once: int) -> None:
    async def some(share: int) -> None:
        for _ in range(share):
            await take()

    if at_once == 1:
        await some(calls)
    else:
        await asyncio.gather(*(some(share) for share in shares(calls, at_once)))


def fleet(base_url: str, at_once: int) -> Callable[[int], object]:
    atlas, request = client(base_url), import_module("atlas_backups").SnapshotRequest

    def run(calls: int) -> None:
        requests = (
            request(
                group_id=GROUP_ID,
                cluster_name=CLUSTER_NAME,
                description=DESCRIPTION,
                retention_in_days=DAYS,
            )
            for _ in range(calls)
        )
        for outcome in atlas.take_snapshots(requests, concurrency=at_once):
            if outcome.error:
                raise outcome.error

    return run


def memory(run: Callable[[int], object], calls: int) -> dict[str, float]:
    """Tell by how many mebibytes the process grows after its first calls."""
    run(EARLY)
    before = resident()
    run(calls)
    return {"mebibytes": resident() - before}


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


async def delay(name: str, base_url: str, calls: int, at_once: int) -> dict[str, float]:
    """Tell by how much the worst tick of the loop came late, in milliseconds."""
    take = CLIENTS[name][1](base_url)
    await gather(take, at_once, at_once)
    running = asyncio.ensure_future(gather(take, calls, at_once))
    worst, last = 0.0, time.perf_counter()
    while not running.done():
        await asyncio.sleep(TICK)
        now = time.perf_counter()
        worst, last = max(worst, now - last - TICK), now
    await running
    return {"milliseconds": worst * 1e3}


def main() -> dict[str, float]:
    what, name, base_url, *numbers = sys.argv[1:]
    calls, at_once = map(int, numbers)
    if what == "fleet":
        return timed(fleet(base_url, at_once), calls)
    if what == "delay":
        return asyncio.run(delay(name, base_url, calls, at_once))
    run = looping(name, base_url, at_once)
    return memory(run, calls) if what == "memory" else timed(run, calls)


if __name__ == "__main__":
    print(json.dumps(main()), flush=True)
    os._exit(0)  # some clients abort at the end of the interpreter, which is not what is measured
