"""A call that waits for the credentials callable of another call times out."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AccessToken, RequestTimeoutError, SnapshotRequest
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor

# Of a test that hangs: far above the time that the waiting call has.
LONGEST_SECONDS = 20


class Held:
    """Gives the token only when the test lets it."""

    def __init__(self, token: AccessToken) -> None:
        self._token = token
        self.asked = threading.Event()
        self.released = threading.Event()

    def __call__(self) -> AccessToken:
        self.asked.set()
        assert self.released.wait(LONGEST_SECONDS)
        return self._token


def test_call_waiting_for_the_callable_times_out(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    provide = Held(emulator.access_token)
    client = make_client(provide, base_url=emulator.base_url, total_timeout=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.take_snapshot, GROUP_ID, CLUSTER_NAME)
        assert provide.asked.wait(LONGEST_SECONDS)
        begun = time.monotonic()

        with pytest.raises(RequestTimeoutError, match="another call waited for the credentials"):
            flavor.take(client)

        assert time.monotonic() - begun < LONGEST_SECONDS / 2
        assert not emulator.requests
        provide.released.set()
        assert first.result().status == "queued"
    assert flavor.take(client).status == "queued"


def test_fleet_waiting_for_the_callable_times_out(
    emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    provide = Held(emulator.access_token)
    client = make_client(provide, base_url=emulator.base_url, total_timeout=0.5)
    request = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.take_snapshot, GROUP_ID, CLUSTER_NAME)
        assert provide.asked.wait(LONGEST_SECONDS)
        begun = time.monotonic()

        with pytest.raises(RequestTimeoutError, match="another call waited for the credentials"):
            list(client.take_snapshots([request] * 100))

        assert time.monotonic() - begun < LONGEST_SECONDS / 2
        provide.released.set()
        assert first.result().status == "queued"


def test_callable_may_use_the_loop_of_another_call(
    emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    asked = threading.Event()

    async def secret() -> AccessToken:
        return emulator.access_token

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def provide() -> AccessToken:
            asked.set()
            return asyncio.run_coroutine_threadsafe(secret(), loop).result(LONGEST_SECONDS)

        client = make_client(provide, base_url=emulator.base_url, total_timeout=1)
        with ThreadPoolExecutor(1) as pool:
            # Not awaited meanwhile: the loop goes into its own call as the callable asks it.
            first = pool.submit(client.take_snapshot, GROUP_ID, CLUSTER_NAME)
            assert asked.wait(LONGEST_SECONDS)
            begun = time.monotonic()
            try:
                await client.take_snapshot_async(GROUP_ID, CLUSTER_NAME)
            except RequestTimeoutError:
                assert time.monotonic() - begun < LONGEST_SECONDS / 2
            assert (await asyncio.wrap_future(first)).status == "queued"

    asyncio.run(main())
