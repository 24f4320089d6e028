"""The asyncio twins are real coroutine functions, at home on any loop."""

from __future__ import annotations

import asyncio
import inspect
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from atlas_backups import AccessToken, AtlasBackups, Snapshot, UnauthorizedError
from atlas_backups.emulator import Fault
from tests.bodies import queued
from tests.door import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, READ, always, answer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve

ITERATIONS = ["watch_snapshot", "take_snapshots"]
TWINS = [
    "take_snapshot",
    "take_snapshot_raw",
    "get_snapshot",
    "list_snapshots",
    "wait_for_snapshot",
    "update_retention",
    "delete_snapshot",
    "list_projects",
    "list_clusters",
]


def take(client: AtlasBackups) -> Coroutine[Any, Any, Snapshot]:
    return client.take_snapshot_async(GROUP_ID, CLUSTER_NAME)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_is_a_coroutine_function_with_the_same_parameters(name: str) -> None:
    plain, twin = getattr(AtlasBackups, name), getattr(AtlasBackups, f"{name}_async")

    assert inspect.iscoroutinefunction(twin)
    assert not inspect.iscoroutinefunction(plain)
    assert inspect.signature(twin) == inspect.signature(plain)
    assert (twin.__doc__ or "").count("\n") == 0
    assert f"`{name}`" in (twin.__doc__ or "")


@pytest.mark.parametrize("name", ITERATIONS)
def test_the_twin_of_an_iteration_is_an_async_generator(name: str) -> None:
    plain, twin = getattr(AtlasBackups, name), getattr(AtlasBackups, f"{name}_async")

    assert inspect.isasyncgenfunction(twin)
    assert inspect.signature(twin).parameters == inspect.signature(plain).parameters
    assert f"`{name}`" in (twin.__doc__ or "")


def test_every_public_method_has_a_twin() -> None:
    names = {name for name in dir(AtlasBackups) if not name.startswith("_")}
    twins = {name for name in names if f"{name}_async" in names}

    assert twins == {*TWINS, *ITERATIONS}
    assert names - twins == {"close", "aclose"} | {f"{name}_async" for name in twins}


def test_nothing_is_sent_before_it_is_awaited(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    coroutine = take(atlas)
    assert emulator.requests == ()

    assert asyncio.run(coroutine).status == "queued"


def test_tasks_gather_and_time_limits(atlas: AtlasBackups) -> None:
    async def run() -> list[Snapshot]:
        task = asyncio.create_task(take(atlas))
        several = await asyncio.gather(*(take(atlas) for _ in range(5)))
        return [await task, await asyncio.wait_for(take(atlas), 5), *several]

    snapshots = asyncio.run(run())

    assert len({snapshot.id for snapshot in snapshots}) == 7


@pytest.mark.parametrize("kind", ["wait_for", "timeout", "cancel"])
def test_a_call_that_is_given_up_frees_its_connection(serve: Serve, kind: str) -> None:
    server, client = serve(always(NEVER))

    async def run() -> None:
        if kind == "cancel":
            task = asyncio.create_task(take(client))
            await asyncio.to_thread(server.wait_for_requests, 1)
            task.cancel()
            await task
        elif kind == "wait_for" or sys.version_info < (3, 11):
            await asyncio.wait_for(take(client), 0.2)
        else:
            async with asyncio.timeout(0.2):
                await take(client)

    with pytest.raises((TimeoutError, asyncio.TimeoutError, asyncio.CancelledError)):
        asyncio.run(run())

    assert len(server.requests) == 1
    server.wait_for_end_of_connection()


def test_a_cancelled_call_leaves_the_others_alone(serve: Serve) -> None:
    _, client = serve([READ, NEVER], always(answer(200, queued())))

    async def run() -> Snapshot:
        first = asyncio.create_task(take(client))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(take(client))
        first.cancel()
        return await second

    assert asyncio.run(run()).status == "queued"


def test_an_exception_is_raised_where_it_is_awaited(
    emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(AccessToken("wrong-token"), base_url=emulator.base_url)

    async def run() -> set[type]:
        ends = await asyncio.gather(take(client), take(client), return_exceptions=True)
        return {type(end) for end in ends}

    assert asyncio.run(run()) == {UnauthorizedError}


def test_the_loop_goes_on_while_a_call_waits(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    emulator.fault(Fault(delay=0.3))

    async def run() -> int:
        task, ticks = asyncio.create_task(take(atlas)), 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await task
        return ticks

    assert asyncio.run(run()) > 5


def test_loops_in_several_threads_share_a_client(atlas: AtlasBackups) -> None:
    async def several() -> list[Snapshot]:
        return await asyncio.gather(*(take(atlas) for _ in range(8)))

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(lambda: asyncio.run(several())) for _ in range(4)]
        snapshots = [snapshot for future in futures for snapshot in future.result(20)]

    assert len({snapshot.id for snapshot in snapshots}) == 32


class NoReaders(asyncio.SelectorEventLoop):
    """A loop that cannot watch a descriptor, like the proactor loop of Windows."""

    def add_reader(self, *_args: object) -> NoReturn:  # type: ignore[override]
        raise NotImplementedError


def test_a_loop_without_readers_works_too(serve: Serve) -> None:
    server, client = serve(always(answer(200, queued())))

    async def run() -> list[Snapshot]:
        return await asyncio.gather(*(take(client) for _ in range(5)))

    loop = NoReaders()
    try:
        assert len(loop.run_until_complete(run())) == 5
    finally:
        loop.close()
    assert len(server.requests) == 5


def test_the_sync_method_works_inside_a_running_loop(atlas: AtlasBackups) -> None:
    async def notebook_cell() -> Snapshot:
        return atlas.take_snapshot(GROUP_ID, CLUSTER_NAME)

    assert asyncio.run(notebook_cell()).status == "queued"


def test_a_client_outlives_its_loops(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    for _ in range(3):
        asyncio.run(take(atlas))
        atlas.take_snapshot(GROUP_ID, CLUSTER_NAME)

    assert len(emulator.requests) == 6
