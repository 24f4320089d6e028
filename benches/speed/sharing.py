"""Takes some snapshots as one of many processes that share a token through a file.

`sharing.py BASE_URL TOKEN_CACHE`
"""

from __future__ import annotations

import sys

from clients import CLUSTER_NAME, GROUP_ID

from atlas_backups import AtlasBackups, ServiceAccount

TAKES = 100

base_url, token_cache = sys.argv[1:]
account = ServiceAccount("mdb_sa_id_bench", "mdb_sa_sk_bench")
with AtlasBackups(account, base_url=base_url, token_cache=token_cache) as atlas:
    for _ in range(TAKES):
        atlas.take_snapshot(GROUP_ID, CLUSTER_NAME)
