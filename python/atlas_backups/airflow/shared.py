"""The clients of a triggerer: one for all triggers that say the same of Atlas."""

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
class _Shared:
    client: AtlasBackups
    users: int = 0


# By loop, so that a loop that has gone takes its clients with it; a fork has another loop.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Settings, _Shared]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def shared_client(settings: Settings) -> AsyncGenerator[AtlasBackups, None]:
    """Lend the client for these settings; the last one who gives it back closes it.

    A connection that was changed meanwhile has other settings: the old client ends with those who
    still use it.
    """
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    # Nothing is awaited between looking and adding, so no two are made.
    shared = clients.get(settings)
    if shared is None:
        shared = clients[settings] = _Shared(settings.client())
    shared.users += 1
    try:
        yield shared.client
    finally:
        shared.users -= 1
        if not shared.users:
            del clients[settings]
            # Also when the trigger is being cancelled: the token is to end. That this went wrong
            # says nothing of what was waited for.
            with suppress(AtlasError):
                await asyncio.shield(shared.client.aclose())
