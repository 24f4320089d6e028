"""Client pool of a triggerer: triggers with equal settings share one client."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from atlas_backups.errors import AtlasError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from atlas_backups import AtlasBackups
    from atlas_backups.airflow.connection import Settings


@dataclass
class _PooledClient:
    client: AtlasBackups
    users: int = 0


# Per event loop: a closed loop drops its clients, and a forked process has its own loop.
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Settings, _PooledClient]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def shared_client(settings: Settings) -> AsyncGenerator[AtlasBackups, None]:
    """Yield the client for these settings; the last user closes it.

    After a change of the connection the settings differ, and the old client is closed by its last
    user.
    """
    pool = _pools.setdefault(asyncio.get_running_loop(), {})
    # No await between lookup and insertion, so only one client is created.
    pooled = pool.get(settings)
    if pooled is None:
        pooled = pool[settings] = _PooledClient(settings.client())
    pooled.users += 1
    try:
        yield pooled.client
    finally:
        pooled.users -= 1
        if not pooled.users:
            del pool[settings]
            # Shielded, so that a cancelled trigger revokes its token too. An error here does not
            # concern the snapshot.
            with suppress(AtlasError):
                await asyncio.shield(pooled.client.aclose())
