"""Lists the snapshots of one cluster so often, page by page; says how long it took.

`listing.py BASE_URL TIMES`
"""

from __future__ import annotations

import json
import sys
import time

from clients import CLUSTER_NAME, GROUP_ID, client

base_url, times = sys.argv[1:]
atlas = client(base_url)
atlas.take_snapshot(GROUP_ID, CLUSTER_NAME)
found, begun = 0, time.perf_counter()
for _ in range(int(times)):
    found += len(atlas.list_snapshots(GROUP_ID, CLUSTER_NAME))
print(json.dumps({"snapshots": found, "seconds": time.perf_counter() - begun}))
