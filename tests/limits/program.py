"""Makes a working call, then one with a large response; prints the memory of the second."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from atlas_backups import AtlasBackups, AtlasError, ServiceAccount

KIBIBYTE = 1024


def memory(line: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{line}:")[1].split()[0]) * KIBIBYTE


def call(atlas: AtlasBackups, flavor: str, method: str, arguments: list[Any]) -> str:
    try:
        if flavor == "sync":
            getattr(atlas, method)(*arguments)
        else:
            asyncio.run(getattr(atlas, f"{method}_async")(*arguments))
    except AtlasError as error:
        return f"{type(error).__name__}: {error}"
    return ""


flavor, method, arguments, warm_up, endless, options = json.loads(sys.argv[1])
account = ServiceAccount("mdb_sa_id_1", "a-secret-of-a-test")
with AtlasBackups(account, base_url=warm_up, **options) as atlas:
    assert not call(atlas, flavor, method, arguments)
with AtlasBackups(account, base_url=endless, **options) as atlas:
    idle = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
    text = call(atlas, flavor, method, arguments)
    print(json.dumps({"text": text, "grown": memory("VmHWM") - idle}))  # noqa: T201  # for the test
