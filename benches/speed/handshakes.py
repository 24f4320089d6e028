"""Makes calls one after another; says how long the first one took, and each of the others.

`handshakes.py BASE_URL CALLS`
"""

from __future__ import annotations

import json
import sys
import time

from clients import CLUSTER_NAME, GROUP_ID, client

base_url, calls = sys.argv[1:]
atlas, times = client(base_url), [time.perf_counter()]
for _ in range(int(calls)):
    atlas.take_snapshot(GROUP_ID, CLUSTER_NAME)
    times.append(time.perf_counter())
others = (times[-1] - times[1]) / max(int(calls) - 1, 1)
print(json.dumps({"first": times[1] - times[0], "others": others}))
