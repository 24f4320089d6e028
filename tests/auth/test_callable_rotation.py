"""Concurrent calls run the credentials callable once; total_timeout includes the repeat."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AccessToken, AmbiguousOutcomeError, RequestTimeoutError, Snapshot
from tests.bodies import error
from tests.raw_server import NEVER, READ, Delay, answer

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Script

REJECTED = answer(401, error(401, "UNEXPECTED_ERROR"))


class Slow:
    """Gives one after the other, the last one for ever, after a while in which others may come."""

    def __init__(self, *given: AccessToken) -> None:
        self._given = list(given)
        self.asked = 0

    def __call__(self) -> AccessToken:
        self.asked += 1
        time.sleep(0.1)
        return self._given.pop(0) if len(self._given) > 1 else self._given[0]


def test_concurrent_first_calls_run_the_callable_once(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    provide = Slow(emulator.access_token)
    client = make_client(provide, base_url=emulator.base_url)

    ends = flavor.take_at_once(client, 8)

    assert [type(end) for end in ends if not isinstance(end, Snapshot)] == []
    assert provide.asked == 1


def test_concurrent_rejections_run_the_callable_once(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    provide = Slow(AccessToken("an-old-token"), emulator.access_token)
    client = make_client(provide, base_url=emulator.base_url)

    ends = flavor.take_at_once(client, 8)

    assert [type(end) for end in ends if not isinstance(end, Snapshot)] == []
    assert provide.asked == 2


def test_total_timeout_includes_the_repeated_call(flavor: ClientFlavor, serve: Serve) -> None:
    provide = Slow(AccessToken("an-old-token"), AccessToken("a-new-token"))
    script: Script = [READ, Delay(2), REJECTED, READ, NEVER]
    server, client = serve(script, credentials=provide, total_timeout=3)
    begun = time.monotonic()

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client)

    assert time.monotonic() - begun < 3 + 2  # and not the whole time again for the second
    assert isinstance(caught.value.cause, RequestTimeoutError)
    assert "2 attempts" in str(caught.value)
    tokens = [request.headers["authorization"] for request in server.requests]
    assert tokens == ["Bearer an-old-token", "Bearer a-new-token"]
