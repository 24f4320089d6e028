"""Forks again and again beside calls; every child calls too. Fails where anything is left behind.

Prints memory, descriptors and threads of the parent on the way. `make forks` runs it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

from serving import serving

from atlas_backups import AccessToken, AtlasBackups

LONGEST_CHILD_SECONDS = 60
MOST_MEBIBYTES_MORE = 4
# An event loop of the thread beside: its selector, its pair to wake it, the pipe for results.
MOST_DESCRIPTORS_OF_A_LOOP = 5


def kibibytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError


def count(kind: str) -> int:
    return len(os.listdir(f"/proc/self/{kind}"))  # noqa: PTH208  # names are enough


def take(atlas: AtlasBackups, number: int) -> None:
    """Take from a project of which few snapshots are asked, through one flavor or the other."""
    place = f"66b0c1d2e3f4a5b6{number % 1000:08x}", "Cluster0"
    if number % 2:
        asyncio.run(atlas.take_snapshot_async(*place))
    else:
        atlas.take_snapshot(*place)


def fork(atlas: AtlasBackups, number: int) -> None:
    child = os.fork()
    if not child:
        signal.alarm(LONGEST_CHILD_SECONDS)
        take(atlas, number)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        sys.exit(f"child {number} ended with {status}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forks", type=int, default=1000)
    forks = parser.parse_args().forks
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: that is meant
    stop = threading.Event()
    with serving() as base_url, AtlasBackups(AccessToken("t-0123"), base_url=base_url) as atlas:

        def call_all_the_time() -> None:
            number = 0
            while not stop.wait(0.005):
                take(atlas, number)
                number += 1

        other = threading.Thread(target=call_all_the_time)
        other.start()
        begun, rows = time.monotonic(), list[tuple[int, int, int, int]]()
        try:
            for number in range(forks + 1):
                fork(atlas, number)
                if number % max(1, forks // 10) == 0:
                    rows.append((number, kibibytes(), count("fd"), count("task")))
                    print(
                        "forks {:5}  memory {:6} KiB  descriptors {}  threads {}".format(*rows[-1])
                    )
        finally:
            stop.set()
            other.join()
        seconds = time.monotonic() - begun
    print(f"{forks} forks in {seconds:.1f} s, no child failed or hung")
    # The first tenth warms caches; a loop of the other thread may come and go.
    _, memory, descriptors, threads = rows[1]
    _, memory_now, descriptors_now, threads_now = rows[-1]
    if memory_now - memory > MOST_MEBIBYTES_MORE * 1024:
        sys.exit("memory grew")
    if descriptors_now - descriptors > MOST_DESCRIPTORS_OF_A_LOOP or threads_now > threads:
        sys.exit("descriptors or threads grew")


if __name__ == "__main__":
    main()
