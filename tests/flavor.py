"""The sync and the async flavor of the API, so that one test body covers both."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups import AtlasBackups, RawResponse, Snapshot
    from atlas_backups.emulator import AtlasEmulator

# Those of the emulator's default world; a raw server takes any.
GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9f0"
CLUSTER_NAME = "Cluster0"
PATH = f"/api/atlas/v2/groups/{GROUP_ID}/clusters/{CLUSTER_NAME}/backup/snapshots"

# A `total_timeout` too short for the first list after an ambiguous take, after 2 s.
BRIEF = 1.9

FlavorName: TypeAlias = Literal["sync", "async"]


def sent(emulator: AtlasEmulator) -> list[str]:
    """Return what was asked of snapshots: the method, and the path from `snapshots` on."""
    parts = [(request.method, *request.path.partition("/backup/")) for request in emulator.requests]
    return [f"{method} {path}" for method, _, folder, path in parts if folder]


class ClientFlavor:
    """Calls the plain method, or its `_async` variant in an event loop of its own."""

    def __init__(self, name: FlavorName) -> None:
        self.name = name

    def call(self, client: AtlasBackups, method: str, *args: Any, **options: Any) -> Any:
        if self.name == "sync":
            return getattr(client, method)(*args, **options)
        return asyncio.run(getattr(client, f"{method}_async")(*args, **options))

    def iterate(
        self, client: AtlasBackups, method: str, *args: Any, **options: Any
    ) -> Generator[Any, None, None]:
        """Iterate over what the method gives; the end of this iteration closes that one."""
        if self.name == "sync":
            yield from getattr(client, method)(*args, **options)
            return
        loop = asyncio.new_event_loop()
        try:
            iterator = getattr(client, f"{method}_async")(*args, **options)
            try:
                while True:
                    try:
                        value = loop.run_until_complete(anext(iterator))
                    except StopAsyncIteration:
                        return
                    yield value
            finally:
                loop.run_until_complete(iterator.aclose())
        finally:
            loop.close()

    def take(self, client: AtlasBackups, **options: Any) -> Snapshot:
        taken: Snapshot = self.call(client, "take_snapshot", GROUP_ID, CLUSTER_NAME, **options)
        return taken

    def take_raw(self, client: AtlasBackups, **options: Any) -> RawResponse:
        method = "take_snapshot_raw"
        answer: RawResponse = self.call(client, method, GROUP_ID, CLUSTER_NAME, **options)
        return answer

    def take_at_once(self, client: AtlasBackups, count: int) -> list[Snapshot | BaseException]:
        """Take `count` times concurrently, in threads or on one loop, and give every end."""
        if self.name == "sync":
            with ThreadPoolExecutor(count) as pool:
                futures = [pool.submit(self.take, client) for _ in range(count)]
                ends = [(future.exception(), future) for future in futures]
                return [error or future.result() for error, future in ends]

        async def gather() -> list[Snapshot | BaseException]:
            calls = (client.take_snapshot_async(GROUP_ID, CLUSTER_NAME) for _ in range(count))
            return await asyncio.gather(*calls, return_exceptions=True)

        return asyncio.run(gather())

    def close(self, client: AtlasBackups) -> None:
        if self.name == "sync":
            client.close()
        else:
            asyncio.run(client.aclose())

    def inside(self, client: AtlasBackups, action: Callable[[], object]) -> None:
        """Run `action` while the client is entered as a context manager."""
        if self.name == "sync":
            with client as entered:
                assert entered is client
                action()
            return

        async def run() -> None:
            async with client as entered:
                assert entered is client
                await asyncio.to_thread(action)

        asyncio.run(run())
