"""Calls on each kind of event loop: cancelled, abandoned, concurrent."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, AmbiguousOutcomeError, AtlasBackups, RateLimitError, Snapshot
from tests.bodies import queued
from tests.faults.matrix import count
from tests.faults.matrix_rows import CANCELLED
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.process.loops import LOOPS, on_every_loop, run
from tests.process.phases import ITERATIONS, PHASES, FullBacklog, Phase
from tests.raw_server import NEVER, READ, RawServer, always, answer
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.faults.plugin import Matrix
    from tests.process.loops import NewLoop


def take(client: AtlasBackups) -> Coroutine[Any, Any, Snapshot]:
    return client.take_snapshot_async(GROUP_ID, CLUSTER_NAME)


def record_reports(loop: asyncio.AbstractEventLoop) -> list[dict[str, Any]]:
    """Collect what the loop would report, such as unretrieved exceptions."""
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    return reported


def pending_outcome(raised: BaseException | None) -> str:
    """Return the class of the pending outcome in the chain of an exception."""
    while raised is not None and not isinstance(raised, AmbiguousOutcomeError):
        raised = raised.__cause__ or raised.__context__
    return type(raised).__name__ if raised else "nothing"


async def begin(phase: Phase, client: AtlasBackups, server: RawServer) -> asyncio.Task[Any]:
    """Start the call of a phase, and return when it only waits."""
    for _ in range(phase.before):
        with pytest.raises(RateLimitError):
            await call(phase, client)
    task = asyncio.create_task(call(phase, client))
    await asyncio.to_thread(server.wait_for_connections, 1)
    await asyncio.to_thread(server.wait_for_requests, phase.before + phase.requests)
    if phase.has_response:
        await asyncio.to_thread(server.wait_for_end_of_connection)
    await asyncio.sleep(0.1)
    return task


async def call(phase: Phase, client: AtlasBackups) -> Any:
    method = getattr(client, f"{phase.method}_async")
    result = method(*phase.arguments, **phase.options)
    if phase.method in {"take_snapshots", "watch_snapshot"}:
        return await anext_and_close(result)
    return await result


async def anext_and_close(iteration: AsyncGenerator[Any, None]) -> Any:
    try:
        return await iteration.__anext__()
    finally:
        await iteration.aclose()


@on_every_loop
@pytest.mark.parametrize("name", [*PHASES, *ITERATIONS])
def test_cancel_call_in(
    new_loop: NewLoop, name: str, make_client: MakeClient, matrix: Matrix
) -> None:
    phase = {**PHASES, **ITERATIONS}[name]
    ambiguous = "nothing"

    async def cancel() -> list[dict[str, Any]]:
        nonlocal ambiguous
        reported = record_reports(asyncio.get_running_loop())
        task = await begin(phase, client, server)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        ambiguous = pending_outcome(caught.value)
        del task, caught
        gc.collect()
        return reported

    with RawServer(phase.script, always(NEVER)) as server:
        base_url = server.base_url.replace("http", phase.scheme)
        client = make_client(phase.credentials, base_url=base_url, **phase.client_options)
        reported = run(new_loop, cancel())
        requests = len(server.requests)
        if phase.is_connected:
            server.wait_for_end_of_connection()

    assert reported == []
    assert len(server.requests) == requests == phase.before + phase.requests
    if new_loop is asyncio.new_event_loop:
        matrix.note(
            CANCELLED,
            f"cancelled in {name}",
            call=phase.method,
            flavor="async",
            outcome=f"CancelledError, pending: {ambiguous}",
            received=count(server.requests),
        )


@on_every_loop
def test_cancel_call_during_connect(new_loop: NewLoop, make_client: MakeClient) -> None:
    async def cancel(client: AtlasBackups) -> None:
        task = asyncio.create_task(take(client))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with FullBacklog() as server:
        run(new_loop, cancel(make_client(AccessToken("t-0123456"), base_url=server.base_url)))


@on_every_loop
def test_cancelled_wait_stops_polling(new_loop: NewLoop, serve: Serve) -> None:
    server, client = serve(always(answer(200, queued(status="inProgress"))))

    async def cancel() -> None:
        waiting = client.wait_for_snapshot_async(
            GROUP_ID, CLUSTER_NAME, "6" * 24, poll_interval=0.1
        )
        task = asyncio.create_task(waiting)
        await asyncio.to_thread(server.wait_for_requests, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(new_loop, cancel())
    asked = len(server.requests)
    time.sleep(0.5)  # in which it would poll five more times

    # One may have been in flight.
    assert len(server.requests) <= asked + 1


@on_every_loop
def test_task_cancelled_before_start_sends_nothing(new_loop: NewLoop, serve: Serve) -> None:
    server, client = serve(always(NEVER))

    async def cancel() -> None:
        task = asyncio.create_task(take(client))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(new_loop, cancel())

    assert server.requests == ()


@on_every_loop
@pytest.mark.parametrize("kind", ["wait_for", "timeout"])
def test_asyncio_timeout_closes_connection(new_loop: NewLoop, kind: str, serve: Serve) -> None:
    if kind == "timeout" and not hasattr(asyncio, "timeout"):
        pytest.skip("new in Python 3.11")
    server, client = serve(always(NEVER))

    async def limit() -> None:
        task = asyncio.create_task(take(client))
        await asyncio.to_thread(server.wait_for_requests, 1)
        if kind == "wait_for":
            await asyncio.wait_for(task, 0.01)
            return
        async with asyncio.timeout(0.01):  # type: ignore[attr-defined]  # pyright: ignore  # noqa: PGH003  # checked above
            await task

    with pytest.raises((TimeoutError, asyncio.TimeoutError)):
        run(new_loop, limit())

    assert len(server.requests) == 1
    server.wait_for_end_of_connection()


@on_every_loop
def test_cancelled_call_leaves_others_unharmed(new_loop: NewLoop, serve: Serve) -> None:
    server, client = serve([READ, NEVER], always(answer(200, queued())))

    async def cancel_one() -> Snapshot:
        first = asyncio.create_task(take(client))
        await asyncio.to_thread(server.wait_for_requests, 1)
        second = asyncio.create_task(take(client))
        first.cancel()
        return await second

    assert run(new_loop, cancel_one()).status == "queued"


@on_every_loop
def test_cancel_races_with_completion(new_loop: NewLoop, ready: RawServer) -> None:
    client = AtlasBackups(AccessToken("t-0123456"), base_url=ready.base_url)

    async def race() -> tuple[set[type], list[dict[str, Any]]]:
        reported, ends = record_reports(asyncio.get_running_loop()), set[type]()
        for round_number in range(60):
            place = f"66b0c1d2e3f4a5b6{round_number:08x}", CLUSTER_NAME
            tasks = [asyncio.create_task(client.take_snapshot_async(*place)) for _ in range(8)]
            await asyncio.sleep(round_number / 10_000)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            ends |= {type(end) for end in results}
        gc.collect()
        return ends, reported

    ends, reported = run(new_loop, race())

    assert reported == []
    assert asyncio.CancelledError in ends
    assert {end.__name__ for end in ends} <= {"CancelledError", "ReplicaSetSnapshot"}


@on_every_loop
def test_closed_loop_releases_pending_calls(new_loop: NewLoop, serve: Serve) -> None:
    server, client = serve(always(NEVER))

    async def until_asked(count: int) -> None:
        while len(server.requests) < count:  # noqa: ASYNC110  # no event of this loop
            await asyncio.sleep(0.01)

    def leave_one(number: int) -> None:
        loop = new_loop()
        record_reports(loop)  # ignores asyncio's report of the pending task
        task = loop.create_task(take(client))
        loop.run_until_complete(until_asked(number))
        loop.close()
        assert not task.done()

    def descriptors() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # names are enough

    leave_one(1)
    if new_loop is LOOPS["no readers"]:
        # The thread in place of readers holds them until the call has ended.
        return
    gc.collect()
    server.wait_for_end_of_connection()
    before = descriptors()
    for number in range(2, 12):
        leave_one(number)

    # The server still holds its side of each connection.
    assert server.connections == 11
    until(lambda: descriptors() - before <= server.connections)
    server.wait_for_end_of_connection()


@on_every_loop
def test_short_lived_loops_beside_sync_calls(new_loop: NewLoop, atlas: AtlasBackups) -> None:
    others = set(threading.enumerate())
    for _ in range(10):
        assert run(new_loop, take(atlas)).status == "queued"
        assert atlas.take_snapshot(GROUP_ID, CLUSTER_NAME).status == "queued"

    def names() -> set[str]:
        return {thread.name for thread in set(threading.enumerate()) - others}

    until(lambda: "atlas-backups-watch" not in names())


@on_every_loop
def test_loops_in_threads_share_client(
    new_loop: NewLoop, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    async def several() -> list[Snapshot]:
        return await asyncio.gather(*(take(atlas) for _ in range(8)))

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(lambda: run(new_loop, several())) for _ in range(4)]
        snapshots = [snapshot for future in futures for snapshot in future.result(20)]

    assert len({snapshot.id for snapshot in snapshots}) == 32
    assert len(emulator.requests) == 32


@on_every_loop
def test_unretrieved_exception_is_reported_once_by_asyncio(new_loop: NewLoop, serve: Serve) -> None:
    _, client = serve(always(answer(404, {"errorCode": "CLUSTER_NOT_FOUND", "error": 404})))

    async def forget() -> list[dict[str, Any]]:
        reported = record_reports(asyncio.get_running_loop())
        task = asyncio.create_task(take(client))
        await asyncio.wait([task])
        del task
        gc.collect()
        return reported

    reported = run(new_loop, forget())

    assert [context["message"] for context in reported] == ["Task exception was never retrieved"]
