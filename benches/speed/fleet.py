"""Takes a snapshot of so many clusters, from a generator into an iterator; says what it cost.

`fleet.py BASE_URL CLUSTERS`
"""

from __future__ import annotations

import json
import sys
import time

from clients import client
from measure import resident

from atlas_backups import SnapshotRequest

CLUSTERS_A_PROJECT = 100

_, base_url, clusters = sys.argv
atlas = client(base_url)
requests = (
    SnapshotRequest(
        group_id=f"{number // CLUSTERS_A_PROJECT:024x}",
        cluster_name=f"Cluster{number % CLUSTERS_A_PROJECT}",
    )
    for number in range(int(clusters))
)
begun, cpu, size, done = time.perf_counter(), time.process_time(), resident(), 0
for outcome in atlas.take_snapshots(requests, concurrency=64):
    if outcome.error:
        raise outcome.error
    done += 1
if done != int(clusters):
    raise SystemExit(f"{done} outcomes of {clusters}")
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - begun,
            "cpu_seconds": time.process_time() - cpu,
            "grown_mebibytes": resident() - size,
        }
    )
)
