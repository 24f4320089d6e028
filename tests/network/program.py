"""Takes one snapshot, configured by the environment and by the options in its argument."""

import asyncio
import json
import sys
import time

from atlas_backups import AtlasBackups, AtlasError

flavor, place, options = json.loads(sys.argv[1])
begun = time.monotonic()
ending: dict[str, object] = {}
with AtlasBackups(**options) as atlas:
    try:
        if flavor == "sync":
            snapshot = atlas.take_snapshot(*place)
        else:
            snapshot = asyncio.run(atlas.take_snapshot_async(*place))
        ending["snapshot_id"] = snapshot.id
    except AtlasError as error:
        ending |= {"error": type(error).__name__, "text": str(error)}
ending["seconds"] = time.monotonic() - begun
print(json.dumps(ending))  # noqa: T201  # the test reads it
