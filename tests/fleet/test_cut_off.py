"""An interrupted fleet closes its connections and reports ambiguous takes."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, SnapshotRequest
from tests.bodies import queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, READ, Until, always, answer
from tests.tags import tag_of

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import RawServer, Script

REQUESTS = [SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)] * 6
KEYED = [replace(it, idempotency_key=f"k{number}") for number, it in enumerate(REQUESTS)]
EMPTY = answer(200, {"results": [], "totalCount": 0})
BOTH = Until(lambda requests: len(requests) == 2)


def pending_outcomes(end: BaseException) -> list[AmbiguousOutcomeError]:
    """Return what an end says to be unknown, in the order of the requests."""
    found: list[AmbiguousOutcomeError] = []
    while (context := end.__context__) is not None:
        end = context
        if isinstance(context, AmbiguousOutcomeError):
            found.insert(0, context)
    return found


def test_ctrl_c_while_an_outcome_is_constructed_interrupts_the_fleet(
    flavor: ClientFlavor, atlas: AtlasBackups, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("atlas_backups.errors.ClusterNotFoundError", interrupted)
    outcomes = flavor.iterate(atlas, "take_snapshots", [replace(REQUESTS[0], cluster_name="Gone")])

    with pytest.raises(KeyboardInterrupt):
        next(outcomes)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_cancels_the_takes_in_flight(serve: Serve) -> None:
    server, client = serve(always(NEVER))
    sent = 0.0

    def interrupt() -> None:
        nonlocal sent
        server.wait_for_requests(2)
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt) as caught:
        list(client.take_snapshots(REQUESTS, concurrency=2))

    assert time.monotonic() - sent < 5  # tests/process checks how soon
    assert len(pending_outcomes(caught.value)) == 2
    thread.join()
    server.wait_for_end_of_connection()
    assert len(server.requests) == 2


async def consume(
    client: AtlasBackups, requests: list[SnapshotRequest], concurrency: int = 2
) -> None:
    async for _ in client.take_snapshots_async(requests, concurrency=concurrency):
        pass


async def consume_until_cancelled(client: AtlasBackups, server: RawServer) -> None:
    task = asyncio.create_task(consume(client, REQUESTS))
    await asyncio.to_thread(server.wait_for_requests, 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert len(pending_outcomes(caught.value)) == 2


def test_cancelled_task_cancels_the_takes_in_flight(serve: Serve) -> None:
    server, client = serve(always(NEVER))

    asyncio.run(consume_until_cancelled(client, server))

    server.wait_for_end_of_connection()
    assert len(server.requests) == 2


def test_break_cancels_the_takes_when_the_iterator_is_closed(serve: Serve) -> None:
    server, client = serve(always(NEVER))

    async def leave() -> None:
        outcomes = client.take_snapshots_async(REQUESTS, concurrency=2)
        step = asyncio.ensure_future(anext(outcomes))
        await asyncio.to_thread(server.wait_for_requests, 2)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)

    asyncio.run(leave())
    gc.collect()

    server.wait_for_end_of_connection()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ambiguous_outcome_of_a_cancelled_take_has_its_tag(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    lists: Script = [READ, EMPTY, READ, EMPTY]
    taken = answer(200, queued(description=tag_of("k0")))
    server, client = serve([*lists, READ, taken, *lists, *lists, READ, NEVER])

    def interrupt() -> None:
        server.wait_for_requests(8)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt) as caught:
        list(client.take_snapshots(KEYED, concurrency=1))
    thread.join()

    # The first one is known: it was handed out.
    assert [pending.idempotency_tag for pending in pending_outcomes(caught.value)] == [tag_of("k1")]
    (warning,) = [it for it in caplog.records if it.levelname == "WARNING"]
    assert tag_of("k1") in warning.message


def test_closed_fleet_warns_of_ambiguous_takes(
    flavor: ClientFlavor, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server, client = serve([READ, answer(200, queued()), READ, NEVER], always(NEVER))
    ended = flavor.iterate(client, "take_snapshots", REQUESTS, concurrency=2)
    next(ended)
    server.wait_for_requests(2)

    ended.close()

    warnings = [it.message for it in caplog.records if it.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "may or may not have been taken" in warnings[0]
    assert CLUSTER_NAME in warnings[0]


def test_taken_snapshot_that_was_not_yielded_is_named(
    flavor: ClientFlavor, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [f"6b1f0c3e2a88faeba59de4a{digit}" for digit in "ab"]
    closing = {"Connection": "close"}
    # Not so soon that both requests could go on one connection.
    scripts: list[Script] = [[READ, BOTH, answer(200, queued(id=it), closing), NEVER] for it in ids]
    server, client = serve(*scripts)
    ended = flavor.iterate(client, "take_snapshots", REQUESTS[:2], concurrency=2)
    heard = next(ended)
    for connection in range(2):
        server.wait_for_end_of_connection(connection)  # the answer was read
    time.sleep(0.5)  # until the other one has ended too

    ended.close()

    assert heard.error is None
    (other,) = {*ids} - {heard.snapshot.id}
    (warning,) = [it.message for it in caplog.records if it.levelname == "WARNING"]
    assert other in warning


def test_completed_fleet_warns_of_nothing(
    flavor: ClientFlavor, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "atlas_backups")  # whatever other tests have left
    _, client = serve(always(answer(200, queued())))

    list(flavor.iterate(client, "take_snapshots", REQUESTS, concurrency=2))

    assert caplog.records == []
