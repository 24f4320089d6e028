"""What is certainly not acted on is repeated, within the count and the time that there are."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    AccessToken,
    AmbiguousOutcomeError,
    MethodNotAllowedError,
    RateLimitError,
    RequestTimeoutError,
    TransportError,
)
from atlas_backups.emulator import Fault
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.flavor import BRIEF
from tests.raw_server import READ, RESET, always, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Script

BUSY = error(429, "RATE_LIMITED")
UPGRADE = error(405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES")
GOOD = answer(200, queued())
TOKEN = AccessToken("a-token-for-nobody")


@pytest.fixture
def refused_url() -> Iterator[str]:
    with socket.socket() as held:  # bound, so that nobody else gets it, and not listening
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize(("retries", "attempts"), [(0, "1 attempt,"), (2, "3 attempts,")])
def test_a_refused_connection_is_tried_again_and_then_raised(
    flavor: ClientFlavor, make_client: MakeClient, refused_url: str, retries: int, attempts: str
) -> None:
    client = make_client(TOKEN, base_url=refused_url, max_retries=retries)

    with pytest.raises(TransportError, match="refused") as caught:
        flavor.take(client)

    assert type(caught.value) is TransportError
    assert attempts in str(caught.value)


def test_a_server_that_comes_up_late_is_reached(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    # The pauses are drawn and may all be short, so there are many.
    client = make_client(emulator.access_token, base_url=emulator.base_url, max_retries=50)
    emulator.stop()
    late = threading.Timer(0.1, emulator.start)
    late.start()

    snapshot = flavor.take(client)

    late.join()
    assert snapshot.status == "queued"
    assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    "busy",
    [
        pytest.param(answer(429, BUSY, {"Retry-After": "0"}), id="Retry-After 0"),
        pytest.param(answer(429, BUSY), id="no Retry-After"),
        pytest.param(answer(429, "<html>", {"Retry-After": "soon"}), id="HTML, unreadable"),
        pytest.param(answer(405, UPGRADE), id="upgrade"),
    ],
)
def test_a_refusal_for_now_is_waited_out(flavor: ClientFlavor, serve: Serve, busy: bytes) -> None:
    server, client = serve([READ, busy, READ, GOOD])
    begun = time.monotonic()

    snapshot = flavor.take(client)

    assert snapshot.id == SNAPSHOT_ID
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body
    assert 1 <= time.monotonic() - begun < 10


@pytest.mark.parametrize("wait", ["60", "1000000000", "Tue, 31 Dec 2999 23:59:59 GMT", "9" * 40])
def test_a_wait_beyond_the_total_time_is_not_begun(
    flavor: ClientFlavor, serve: Serve, wait: str
) -> None:
    server, client = serve(always(answer(429, BUSY, {"Retry-After": wait})), total_timeout=30)
    begun = time.monotonic()

    with pytest.raises(RateLimitError) as caught:
        flavor.take(client)

    assert time.monotonic() - begun < 10
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 60
    assert len(server.requests) == 1


def test_the_wait_in_the_parameters_counts_where_there_is_no_header(
    flavor: ClientFlavor, serve: Serve
) -> None:
    body = error(429, "RATE_LIMITED_TOKEN_BUCKET", parameters=["/x", "42", "1200", "500", "60"])
    _, client = serve(always(answer(429, body)), total_timeout=5)

    with pytest.raises(RateLimitError) as caught:
        flavor.take(client)

    assert caught.value.retry_after == 42
    assert caught.value.parameters == ("/x", "42", "1200", "500", "60")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(429, BUSY, RateLimitError), (405, UPGRADE, MethodNotAllowedError)],
)
def test_no_retries_means_one_request(
    flavor: ClientFlavor,
    serve: Serve,
    status: int,
    body: dict[str, object],
    expected: type[Exception],
) -> None:
    server, client = serve(always(answer(status, body)), max_retries=0)

    with pytest.raises(expected, match=r"1 attempt,"):
        flavor.take(client)

    assert len(server.requests) == 1


def test_another_405_is_final(flavor: ClientFlavor, serve: Serve) -> None:
    server, client = serve(always(answer(405, error(405, "METHOD_NOT_ALLOWED"))))

    with pytest.raises(MethodNotAllowedError):
        flavor.take(client)

    assert len(server.requests) == 1


def test_an_ambiguous_end_stops_the_retries(flavor: ClientFlavor, serve: Serve) -> None:
    script: Script = [READ, answer(429, BUSY), READ, RESET]
    server, client = serve(script, always(GOOD), total_timeout=1 + BRIEF)

    with pytest.raises(AmbiguousOutcomeError):
        flavor.take(client)

    assert len(server.requests) == 2


def test_a_connection_that_cannot_be_made_in_time_was_not_sent(
    flavor: ClientFlavor, make_client: MakeClient
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.settimeout(0)
            second.connect_ex(address)
            url = f"http://127.0.0.1:{address[1]}"
            client = make_client(TOKEN, base_url=url, connect_timeout=0.1, max_retries=1)

            with pytest.raises(RequestTimeoutError, match="connect_timeout") as caught:
                flavor.take(client)

    assert "2 attempts" in str(caught.value)


def test_a_reset_before_the_request_was_read_is_ambiguous(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    """The client cannot know that nothing was read, and so must not repeat."""
    client = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=BRIEF)
    emulator.fault(Fault(reset="before"))

    with pytest.raises(AmbiguousOutcomeError):
        flavor.take(client)

    assert emulator.requests == ()
