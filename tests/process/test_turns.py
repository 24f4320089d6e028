"""Bursts of calls on one event loop: they take turns, and the loop goes on between them."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, AtlasBackups, InvalidArgumentError, Snapshot
from tests.flavor import CLUSTER_NAME
from tests.process.loops import LOOPS, on_every_loop, run
from tests.raw_server import HANGS_AFTER, NEVER, RawServer, always

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.conftest import Serve
    from tests.process.loops import NewLoop

MANY = 300
MOST_IN_A_TURN = 64


def take(client: AtlasBackups, number: int) -> Coroutine[Any, Any, Snapshot]:
    # The group changes, so that no rate limit holds anybody back.
    return client.take_snapshot_async(f"66b0c1d2e3f4a5b6{number:08x}", CLUSTER_NAME)


class Turns:
    """Count the turns of the running loop, and what happens in each."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._number = 0
        self.happened: list[tuple[int, int]] = []
        self._turn()

    def _turn(self) -> None:
        self._number += 1
        self._handle = self._loop.call_soon(self._turn)

    def note(self, what: int) -> None:
        self.happened.append((self._number, what))

    def end(self) -> int:
        """Tell how much happened in the busiest turn."""
        self._handle.cancel()
        return max(Counter(number for number, _ in self.happened).values())


@on_every_loop
def test_calls_begin_in_turns_and_in_order(new_loop: NewLoop, serve: Serve) -> None:
    _, client = serve(always(NEVER))

    async def burst() -> tuple[int, list[int]]:
        first = asyncio.create_task(take(client, 0))
        await asyncio.sleep(0)
        turns = Turns()

        async def refused(number: int) -> None:
            try:
                await client.take_snapshot_async("no id", CLUSTER_NAME)
            except InvalidArgumentError:
                turns.note(number)

        await asyncio.gather(*(refused(number) for number in range(MANY)))
        first.cancel()
        return turns.end(), [number for _, number in turns.happened]

    busiest, order = run(new_loop, burst())

    assert busiest <= MOST_IN_A_TURN
    assert order == list(range(MANY))


@on_every_loop
def test_calls_that_come_beside_a_line_take_turns_too(new_loop: NewLoop, serve: Serve) -> None:
    _, client = serve(always(NEVER))

    async def burst() -> int:
        first = asyncio.create_task(take(client, 0))
        await asyncio.sleep(0)
        turns = Turns()

        async def refused(number: int) -> None:
            with suppress(InvalidArgumentError):
                await client.take_snapshot_async("no id", CLUSTER_NAME)
            turns.note(number)

        tasks: list[asyncio.Task[None]] = []
        while len(tasks) < MANY:
            tasks += [asyncio.create_task(refused(number)) for number in range(50)]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        first.cancel()
        return turns.end()

    assert run(new_loop, burst()) <= MOST_IN_A_TURN


@on_every_loop
def test_calls_end_in_turns(new_loop: NewLoop, ready: RawServer) -> None:
    client = AtlasBackups(AccessToken("t-0123456"), base_url=ready.base_url)

    async def burst() -> int:
        turns = Turns()

        async def taken(number: int) -> None:
            await take(client, number)
            turns.note(number)

        tasks = [asyncio.create_task(taken(number)) for number in range(MANY)]
        while len(ready.requests) < MANY // 2:
            await asyncio.sleep(0)
            time.sleep(0.05)  # noqa: ASYNC251  # something else holds the loop, and answers pile up
        await asyncio.gather(*tasks)
        return turns.end()

    assert run(new_loop, burst()) <= MOST_IN_A_TURN
    assert len(ready.requests) == MANY


@on_every_loop
def test_a_call_that_is_cancelled_in_the_line_sends_nothing(
    new_loop: NewLoop, ready: RawServer
) -> None:
    client = AtlasBackups(AccessToken("t-0123456"), base_url=ready.base_url)

    async def burst() -> list[Snapshot | BaseException]:
        await take(client, MANY)
        tasks = [asyncio.create_task(take(client, number)) for number in range(MANY)]
        await asyncio.sleep(0)
        for task in tasks[100:]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    ends = run(new_loop, burst())

    assert all(isinstance(end, Snapshot) for end in ends[:100])
    assert {type(end) for end in ends[100:]} == {asyncio.CancelledError}
    assert len(ready.requests) == 101


class Interrupted(asyncio.SelectorEventLoop):
    """A loop in which Ctrl-C comes when it is asked to call the line for the n-th time."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self._left = asked

    def call_soon(self, callback: Any, *args: Any, **options: Any) -> asyncio.Handle:  # type: ignore[override]  # noqa: ANN401  # passed on
        if getattr(callback, "__name__", None) == "turn":
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt
        return super().call_soon(callback, *args, **options)


@pytest.mark.parametrize("asked", [1, 2, 3])
def test_an_interrupted_turn_leaves_nobody_waiting(ready: RawServer, asked: int) -> None:
    client = AtlasBackups(AccessToken("t-0123456"), base_url=ready.base_url)
    loop = Interrupted(asked)
    tasks = [loop.create_task(take(client, number)) for number in range(MANY)]

    async def ended(*tasks: asyncio.Task[Snapshot]) -> list[Snapshot | BaseException]:
        waiting = asyncio.gather(*tasks, return_exceptions=True)
        return await asyncio.wait_for(waiting, HANGS_AFTER)

    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asyncio.gather(*tasks))
    ends = loop.run_until_complete(ended(*tasks, loop.create_task(take(client, MANY))))
    loop.close()

    failed = [type(end) for end in ends if not isinstance(end, Snapshot)]
    # The first time it is a call itself that asks.
    assert failed == ([KeyboardInterrupt] if asked == 1 else [])


@on_every_loop
def test_a_loop_that_is_closed_under_a_line_frees_it(new_loop: NewLoop, serve: Serve) -> None:
    server, client = serve(always(NEVER))

    def leave_many() -> list[weakref.ref[asyncio.Task[Snapshot]]]:
        loop = new_loop()
        # Of the tasks that are left pending, which is asyncio's to complain of.
        loop.set_exception_handler(lambda _loop, _context: None)
        tasks = [loop.create_task(take(client, MANY))]
        loop.run_until_complete(asyncio.to_thread(server.wait_for_requests, 1))
        loop.run_until_complete(loop.shutdown_default_executor())
        tasks += [loop.create_task(take(client, number)) for number in range(MANY)]
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        return [weakref.ref(task) for task in tasks]

    left = leave_many()
    gc.collect()

    # The thread that stands in for the loop holds those that have begun until they have ended.
    if new_loop is not LOOPS["no readers"]:
        assert [task for task in left if task() is not None] == []
