"""Starts many short processes on one core, each of which makes one async call and ends.

A worker that calls into Python while that ends aborts such a process, here in about every second
one of a prototype. Prints how they ended. `make short-processes` runs it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter

from serving import serving

CALL = """
import asyncio, sys
from atlas_backups import AtlasBackups
class NoReaders(asyncio.SelectorEventLoop):
    def add_reader(self, *_): raise NotImplementedError
loop = NoReaders() if "no readers" in sys.argv else asyncio.new_event_loop()
call = AtlasBackups().take_snapshot_async("66b0c1d2e3f4a5b6c7d8e9f0", "Cluster0")
sys.exit(loop.run_until_complete(call).status != "queued")
"""
KINDS = ["loop", "no readers"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1000)
    processes = parser.parse_args().processes
    ends = Counter[tuple[str, int, str]]()
    begun = time.monotonic()
    with serving() as base_url:
        # After the server has started, which keeps its cores.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        environment = {
            **os.environ,
            "MONGODB_ATLAS_BASE_URL": base_url,
            "MONGODB_ATLAS_ACCESS_TOKEN": "t-0123456",
        }
        for number in range(processes):
            kind = KINDS[number % len(KINDS)]
            ended = subprocess.run(  # noqa: S603  # our own interpreter
                [sys.executable, "-c", CALL, kind],
                env=environment,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            ends[kind, ended.returncode, ended.stderr] += 1
    for (kind, status, said), count in sorted(ends.items()):
        print(f"{count} processes ({kind}) ended with status {status} {said}")
    print(f"{processes} processes on one core in {time.monotonic() - begun:.1f} s")
    if any(status or said for _, status, said in ends):
        sys.exit("not all of them ended well")


if __name__ == "__main__":
    main()
