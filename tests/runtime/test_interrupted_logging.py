"""Ctrl-C in a log handler is raised, and completes the other calls of the loop."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups import Snapshot
    from tests.conftest import Serve


class Interrupted(logging.Handler):
    """Stands for a handler in which the first signal arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 1

    def emit(self, record: logging.LogRecord) -> None:
        del record
        if self.left:
            self.left -= 1
            raise KeyboardInterrupt


@pytest.fixture
def interrupted() -> Iterator[None]:
    logger, handler = logging.getLogger("atlas_backups"), Interrupted()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


@pytest.mark.usefixtures("interrupted")
def test_interrupted_logging_raises_with_the_taken_snapshot(serve: Serve) -> None:
    _, client = serve([READ, answer(200, queued())])

    with pytest.raises(KeyboardInterrupt) as caught:
        client.take_snapshot(GROUP_ID, CLUSTER_NAME)

    pending_outcome = caught.value.__context__
    assert isinstance(pending_outcome, AmbiguousOutcomeError)
    assert [snapshot.id for snapshot in pending_outcome.candidates] == [SNAPSHOT_ID]


@pytest.mark.usefixtures("interrupted")
def test_interrupted_logging_completes_other_calls_of_the_loop(serve: Serve) -> None:
    _, client = serve([Repeat([READ, answer(200, queued())])])

    async def take_eight() -> None:
        takes = [client.take_snapshot_async(GROUP_ID, CLUSTER_NAME) for _ in range(8)]
        taken.extend(await asyncio.wait_for(asyncio.gather(*takes), 30))

    taken: list[Snapshot] = []
    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(take_eight())
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(task)
        loop.run_until_complete(task)
    finally:
        loop.close()

    assert [snapshot.id for snapshot in taken] == [SNAPSHOT_ID] * 8
