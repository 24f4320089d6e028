"""One client, used and closed concurrently by many threads and loops."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from atlas_backups import AtlasBackups, ClientClosedError
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.process.loops import LOOPS, run

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.process.loops import NewLoop

THREADS = 64


def test_threads_and_loops_share_one_client(
    emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.credentials, base_url=emulator.base_url)
    begin = threading.Barrier(THREADS + len(LOOPS))
    there_before = len(emulator.snapshots)

    def work() -> list[str]:
        begin.wait(20)
        return [client.take_snapshot(GROUP_ID, CLUSTER_NAME).id for _ in range(3)]

    async def gather() -> list[str]:
        takes = (client.take_snapshot_async(GROUP_ID, CLUSTER_NAME) for _ in range(16))
        return [snapshot.id for snapshot in await asyncio.gather(*takes)]

    def work_on_a_loop(new_loop: NewLoop) -> list[str]:
        begin.wait(20)
        return run(new_loop, gather())

    with ThreadPoolExecutor(THREADS + len(LOOPS)) as pool:
        futures = [pool.submit(work) for _ in range(THREADS)]
        futures += [pool.submit(work_on_a_loop, new_loop) for new_loop in LOOPS.values()]
        ids = [taken for future in futures for taken in future.result(60)]

    assert len(set(ids)) == len(ids) == THREADS * 3 + len(LOOPS) * 16
    assert len(emulator.snapshots) - there_before == len(ids)
    assert [request.path for request in emulator.requests].count("/api/oauth/token") == 1


def test_close_during_calls_of_threads(emulator: AtlasEmulator) -> None:
    client = AtlasBackups(emulator.credentials, base_url=emulator.base_url)
    taken = threading.Semaphore(0)

    def work() -> type[BaseException]:
        while True:
            try:
                client.take_snapshot(GROUP_ID, CLUSTER_NAME)
            except ClientClosedError as error:
                return type(error)  # also if the token is revoked during a call
            taken.release()

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(work) for _ in range(8)]
        for _ in range(16):
            assert taken.acquire(timeout=20)
        client.close()
        ends = {future.result(20) for future in futures}

    assert ends == {ClientClosedError}
    assert {request.status for request in emulator.requests} <= {200, 204, 401}


def test_concurrent_close_revokes_token_once(emulator: AtlasEmulator) -> None:
    client = AtlasBackups(emulator.credentials, base_url=emulator.base_url)
    client.take_snapshot(GROUP_ID, CLUSTER_NAME)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(client.close) for _ in range(8)]:
            future.result(20)

    revoked = [request for request in emulator.requests if request.path.endswith("/revoke")]
    assert len(revoked) == 1
