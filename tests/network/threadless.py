"""Calls that resolve a name, first at the thread limit, then below it."""

import asyncio
import json
import os
import resource
import sys

from atlas_backups import AtlasBackups, AtlasError

NOBODY = 65534


def call(atlas: AtlasBackups) -> str:
    try:
        if flavor == "sync":
            atlas.take_snapshot(*place)
        else:
            asyncio.run(atlas.take_snapshot_async(*place))
    except AtlasError as error:
        return f"{type(error).__name__}: {error}"
    return ""


flavor, place, by_address, by_name = json.loads(sys.argv[1])
with AtlasBackups(base_url=by_address) as atlas:
    atlas.list_projects()  # starts the threads of the transport
if os.getuid() == 0:
    os.setuid(NOBODY)  # root has no limit
_, most = resource.getrlimit(resource.RLIMIT_NPROC)
with AtlasBackups(base_url=by_name, total_timeout=10, max_retries=1) as atlas:
    resource.setrlimit(resource.RLIMIT_NPROC, (1, most))
    without = call(atlas)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    print(json.dumps([without, call(atlas)]))  # noqa: T201  # the test reads it
