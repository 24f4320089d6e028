"""A process from its start to the first object; prints the time at which it is there.

`first.py CLIENT BASE_URL`
"""

from __future__ import annotations

import os
import sys
import time

from clients import CLIENTS

_, name, base_url = sys.argv
make = CLIENTS[name][1]
if name.endswith("async"):
    import asyncio

    async def one() -> None:
        await make(base_url)()
        print(time.monotonic(), flush=True)

    asyncio.run(one())
else:
    make(base_url)()
    print(time.monotonic(), flush=True)
os._exit(0)  # some clients abort at the end of the interpreter
