"""Keeps many calls up at once against a server that breaks a share of its answers in every way.

Every call is a take with a key of its own, made again with the same key until it gives a snapshot,
as a careful caller would. At the end each key must have exactly one, the one that the caller was
given. Memory, descriptors and threads are written to a CSV file each second. `make soak` runs it
for ten minutes, and has soak_picture.py draw them.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import itertools
import json
import logging
import os
import subprocess
import sys
import time
import urllib.request
from array import array
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from atlas_backups import AtlasBackups, AtlasError, ServiceAccount

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

COLUMNS = ("seconds", "rss_mebibytes", "descriptors", "threads", "in_flight", "taken")
# What memory may gain from one half to the other: allocators settle slowly.
MOST_MORE = 1.15
# Of a call and its attempts: below the silence of the server, above the pauses that it asks for.
TIMEOUT, TOTAL_TIMEOUT = 10.0, 120.0


@dataclass
class Tally:
    """What the callers saw; small, for the memory is watched."""

    # The number in the id of each one's snapshot; 0: none yet.
    ids: array[int] = field(default_factory=lambda: array("Q"))
    taken: int = 0
    errors: Counter[str] = field(default_factory=Counter[str])
    in_flight: int = 0


@contextmanager
def serving(program: Path, percent: float) -> Generator[str, None, None]:
    with subprocess.Popen(  # noqa: S603  # our own program
        [str(program.resolve()), str(percent)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield f"http://127.0.0.1:{next(iter(process.stdout or ())).strip()}"
        finally:
            process.terminate()


def statistics(base_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base_url}/stats") as answer:  # noqa: S310  # loopback
        counts: dict[str, Any] = json.load(answer)
        return counts


def number_in(snapshot_id: str) -> int:
    return int(snapshot_id[8:], 16)


async def caller(atlas: AtlasBackups, names: Iterator[int], tally: Tally, until: float) -> None:
    """Take one snapshot after the other, each of another cluster, until time is over."""
    while time.monotonic() < until:
        number = next(names)
        name = f"c{number}"
        # A project of its own each, so that no rate limit of Atlas has a say.
        place = f"{number:024x}", name
        tally.ids.append(0)
        tally.in_flight += 1
        while not tally.ids[number]:
            try:
                taken = await atlas.take_snapshot_async(*place, idempotency_key=name)
            except AtlasError as error:
                tally.errors[type(error).__name__] += 1
            else:
                tally.ids[number] = number_in(taken.id)
                tally.taken += 1
        tally.in_flight -= 1


def sample(begun: float, tally: Tally) -> tuple[float, ...]:
    status = Path("/proc/self/status").read_text()
    rss = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # names are enough
    threads = int(status.partition("Threads:")[2].split()[0])
    seconds = time.monotonic() - begun
    return round(seconds, 1), round(rss, 1), descriptors, threads, tally.in_flight, tally.taken


async def watch(tally: Tally, csv_file: Path, rows: list[tuple[float, ...]]) -> None:
    begun = time.monotonic()
    with csv_file.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        while True:
            rows.append(sample(begun, tally))
            writer.writerow(rows[-1])
            file.flush()
            await asyncio.sleep(1)


async def soak(base_url: str, calls: int, seconds: float, csv_file: Path) -> tuple[Tally, Any]:
    tally, rows = Tally(), list[tuple[float, ...]]()
    names = itertools.count()
    until = time.monotonic() + seconds
    account = ServiceAccount("mdb_sa_id_soak", "secret")
    options: dict[str, Any] = {"timeout": TIMEOUT, "total_timeout": TOTAL_TIMEOUT}
    async with AtlasBackups(account, base_url=base_url, **options) as atlas:
        watcher = asyncio.create_task(watch(tally, csv_file, rows))
        await asyncio.gather(*(caller(atlas, names, tally, until) for _ in range(calls)))
        watcher.cancel()
    return tally, rows


def judge(tally: Tally, seen: dict[str, Any], rows: list[tuple[float, ...]], seconds: float) -> int:
    held = {int(name[1:]): number_in(taken) for name, taken in seen["ids"].items()}
    missing = [name for name, taken in enumerate(tally.ids) if held.get(name) != taken]
    strange = [name for name in held if name >= len(tally.ids)]
    print(f"server: {seen['connections']} connections, requests {seen['requests']}")
    print(f"faults: {sum(seen['faults'].values())}: {dict(sorted(seen['faults'].items()))}")
    print(f"errors of calls, each made again with its key: {dict(tally.errors.most_common())}")
    print(f"snapshots: {tally.taken} given to callers, {seen['taken']} taken by the server")
    print(
        f"missing: {len(missing)}, doubled: {seen['doubled']}, unknown to callers: {len(strange)}"
    )
    failed = bool(missing or seen["doubled"] or strange)
    # From when everything was in use once, to when callers began to leave.
    steady = [row for row in rows if seconds * 0.2 <= row[0] <= seconds]
    for index, name in enumerate(COLUMNS[1:4], start=1):
        values = [row[index] for row in steady]
        half = len(values) // 2
        # Not the largest: connections that break come in bursts.
        first, second = (median(part or [0]) for part in (values[:half], values[half:]))
        print(f"{name}: {first:.1f} in the middle of the first half, {second:.1f} of the second")
        failed |= second > first * MOST_MORE
    fewest = min((row[4] for row in steady), default=0)
    print(f"calls in flight: never fewer than {fewest}")
    return int(failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, required=True, help="the program soak_server")
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--faults", type=float, default=5.0, help="per cent of the answers")
    parser.add_argument("--csv", type=Path, default=Path("soak.csv"))
    given = parser.parse_args()
    logging.getLogger("atlas_backups").setLevel(logging.ERROR)
    with serving(given.server, given.faults) as base_url:
        tally, rows = asyncio.run(soak(base_url, given.calls, given.seconds, given.csv))
        status = judge(tally, statistics(base_url), rows, given.seconds)
    print(f"figures: {given.csv}")
    sys.exit(status)


if __name__ == "__main__":
    main()
