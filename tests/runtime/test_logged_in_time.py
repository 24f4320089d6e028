"""Events are logged when they happen, with their time."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest

from atlas_backups import SnapshotRequest
from tests.bodies import error, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import HANGS_AFTER, NEVER, READ, always, answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from atlas_backups import AtlasBackups
    from tests.conftest import Serve

REQUESTS = [SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)] * 2
AT_ONCE = answer(429, error(429, "RATE_LIMITED"), {"Retry-After": "0"})


class Heard(logging.Handler):
    """Keeps records, and sets an event for the first."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.first = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.first.set()


@pytest.fixture
def heard() -> Iterator[Heard]:
    logger, handler = logging.getLogger("atlas_backups"), Heard()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


async def take(client: AtlasBackups) -> None:
    await client.take_snapshot_async(GROUP_ID, CLUSTER_NAME)


async def fleet(client: AtlasBackups) -> None:
    async for _ in client.take_snapshots_async(REQUESTS[:1]):
        pass


@pytest.mark.parametrize("call", [take, fleet])
def test_async_call_logs_while_it_runs(
    serve: Serve, heard: Heard, call: Callable[[AtlasBackups], Awaitable[None]]
) -> None:
    server, client = serve([READ, AT_ONCE, READ, NEVER])

    async def main() -> None:
        task = asyncio.ensure_future(call(client))
        assert await asyncio.to_thread(heard.first.wait, HANGS_AFTER)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())

    assert "429" in heard.records[0].getMessage()
    assert server.requests


def test_sync_fleet_logs_while_it_runs(serve: Serve, heard: Heard) -> None:
    _, client = serve([READ, AT_ONCE, READ, NEVER])
    client_ended = threading.Event()

    def run() -> None:
        list(client.take_snapshots(REQUESTS[:1]))
        client_ended.set()

    threading.Thread(target=run, daemon=True).start()

    assert heard.first.wait(HANGS_AFTER)
    assert not client_ended.is_set()


def test_record_has_the_time_of_the_event(serve: Serve, heard: Heard) -> None:
    """Also when the loop is busy for a while after it."""
    server, client = serve(always(answer(200, queued())))
    pause = 0.5

    async def main() -> float:
        task = asyncio.ensure_future(take(client))
        await asyncio.sleep(0)
        server.wait_for_requests(1)
        time.sleep(pause)  # noqa: ASYNC251  # a loop that is busy
        busy_until = time.time()
        await task
        return busy_until

    busy_until = asyncio.run(main())

    (record,) = heard.records
    assert busy_until - 2 * pause < record.created < busy_until - pause / 2
    assert abs(record.msecs - record.created % 1 * 1000) < 2
    formatted = logging.Formatter("%(relativeCreated)d").format(record)
    assert int(formatted) > 0
    assert not [name for name in vars(record) if name.startswith("atlas")]
