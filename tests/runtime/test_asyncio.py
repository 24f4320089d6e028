"""The `_async` methods are coroutine functions that work on any event loop."""

from __future__ import annotations

import asyncio
import gc
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, AtlasBackups, Snapshot, UnauthorizedError
from atlas_backups.emulator import Fault
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, READ, RawServer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient

ITERATIONS = ["watch_snapshot", "take_snapshots"]
COROUTINES = [
    "take_snapshot",
    "take_snapshot_raw",
    "get_snapshot",
    "list_snapshots",
    "wait_for_snapshot",
    "update_retention",
    "delete_snapshot",
    "list_projects",
    "list_clusters",
    "get_project",
    "find_cluster",
    "backup_coverage",
]


def take(client: AtlasBackups) -> Coroutine[Any, Any, Snapshot]:
    return client.take_snapshot_async(GROUP_ID, CLUSTER_NAME)


@pytest.mark.parametrize("name", COROUTINES)
def test_async_variant_is_a_coroutine_function_with_the_same_signature_and_docs(name: str) -> None:
    plain, variant = getattr(AtlasBackups, name), getattr(AtlasBackups, f"{name}_async")

    assert inspect.iscoroutinefunction(variant)
    assert not inspect.iscoroutinefunction(plain)
    assert inspect.signature(variant) == inspect.signature(plain)
    assert plain.__doc__
    assert variant.__doc__ == plain.__doc__


@pytest.mark.parametrize("name", ITERATIONS)
def test_async_variant_of_an_iterator_is_an_async_generator(name: str) -> None:
    plain, variant = getattr(AtlasBackups, name), getattr(AtlasBackups, f"{name}_async")

    assert inspect.isasyncgenfunction(variant)
    assert inspect.signature(variant).parameters == inspect.signature(plain).parameters
    assert variant.__doc__ == (plain.__doc__ or "").replace("An iterator", "An async iterator")


def test_every_public_method_has_an_async_variant() -> None:
    names = {name for name in dir(AtlasBackups) if not name.startswith("_")}
    variants = {name for name in names if f"{name}_async" in names}

    assert variants == {*COROUTINES, *ITERATIONS}
    assert names - variants == {"close", "aclose"} | {f"{name}_async" for name in variants}


def test_coroutine_sends_nothing_before_it_is_awaited(
    emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    coroutine = take(atlas)
    assert emulator.requests == ()

    assert asyncio.run(coroutine).status == "queued"


def test_tasks_gather_and_time_limits(atlas: AtlasBackups) -> None:
    async def run() -> list[Snapshot]:
        task = asyncio.create_task(take(atlas))
        several = await asyncio.gather(*(take(atlas) for _ in range(5)))
        return [await task, await asyncio.wait_for(take(atlas), 30), *several]

    snapshots = asyncio.run(run())

    assert len({snapshot.id for snapshot in snapshots}) == 7


def test_exception_is_raised_at_the_await(emulator: AtlasEmulator, make_client: MakeClient) -> None:
    client = make_client(AccessToken("wrong-token"), base_url=emulator.base_url)

    async def run() -> set[type]:
        ends = await asyncio.gather(take(client), take(client), return_exceptions=True)
        return {type(end) for end in ends}

    assert asyncio.run(run()) == {UnauthorizedError}


def test_loop_runs_during_a_call(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    emulator.fault(Fault(delay=0.3))

    async def run() -> int:
        task, ticks = asyncio.create_task(take(atlas)), 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await task
        return ticks

    assert asyncio.run(run()) > 5


def test_sync_method_works_in_a_running_loop(atlas: AtlasBackups) -> None:
    async def notebook_cell() -> Snapshot:
        return atlas.take_snapshot(GROUP_ID, CLUSTER_NAME)

    assert asyncio.run(notebook_cell()).status == "queued"


def test_client_works_on_several_loops(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    for _ in range(3):
        asyncio.run(take(atlas))
        atlas.take_snapshot(GROUP_ID, CLUSTER_NAME)

    assert len(emulator.requests) == 6


def test_closed_coroutine_causes_no_warning(make_client: MakeClient) -> None:
    complaints: list[dict[str, Any]] = []

    async def run(server: RawServer) -> None:
        event_loop = asyncio.get_running_loop()
        event_loop.set_exception_handler(lambda _, context: complaints.append(context))
        coroutine = take(make_client(AccessToken("t-0123456"), base_url=server.base_url))
        coroutine.send(None)
        await asyncio.to_thread(server.wait_for_requests, 1)

        coroutine.close()

        await asyncio.to_thread(server.wait_for_end_of_connection)
        await asyncio.sleep(0.05)  # in which the loop is notified
        gc.collect()

    with RawServer([READ, NEVER]) as server:
        asyncio.run(run(server))

    assert not complaints
