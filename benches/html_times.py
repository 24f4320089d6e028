"""Times the HTML of lists of 1, 100 and 10 000 snapshots: the best of several runs.

Each run draws the list anew, as a notebook does. The first drawing of a process also loads the
package `html`, which is timed in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

from atlas_backups import ReplicaSetSnapshot, SnapshotList

RUNS = 20
NOW = datetime.now(timezone.utc)
FIRST = """
import time
from atlas_backups import SnapshotList
begun = time.perf_counter()
SnapshotList()._repr_html_()
print(time.perf_counter() - begun)
"""


def snapshot(number: int) -> ReplicaSetSnapshot:
    requested = NOW - timedelta(hours=number + 1)
    return ReplicaSetSnapshot(
        id=f"{int(requested.timestamp()):08x}{number:016x}",
        type="replicaSet",
        status="completed",
        snapshot_type="scheduled",
        frequency_type="hourly",
        description=f"snapshot number {number} <of many>",
        created_at=requested + timedelta(seconds=95),
        expires_at=requested + timedelta(days=7),
        storage_size_bytes=4_000_000_000 + number,
        group_id="6" * 24,
        cluster_name="Cluster0",
    )


def best(snapshots: SnapshotList) -> float:
    times: list[float] = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        snapshots._repr_html_()  # pyright: ignore[reportPrivateUsage]  # as a notebook calls it
        times.append(time.perf_counter() - begun)
    return min(times)


def main() -> None:
    first = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", FIRST], capture_output=True, text=True, check=True
    )
    print(f"first drawing of a process: {float(first.stdout) * 1000:.1f} ms")
    for count in (1, 100, 10_000):
        snapshots = SnapshotList(map(snapshot, range(count)))
        html = snapshots._repr_html_()  # pyright: ignore[reportPrivateUsage]  # the same
        size = len(html.encode()) / 1000
        print(f"{count:6} snapshots: {best(snapshots) * 1000:6.2f} ms, {size:5.1f} kB")


main()
