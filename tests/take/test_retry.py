"""A request that was not processed is retried, within count and time."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    AccessToken,
    MethodNotAllowedError,
    RateLimitError,
    TransportError,
)
from tests.bodies import error
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor

BUSY = error(429, "RATE_LIMITED")
UPGRADE = error(405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES")
TOKEN = AccessToken("a-token-for-nobody")


@pytest.fixture
def refused_url() -> Iterator[str]:
    with socket.socket() as held:  # bound, so that nobody else gets it, and not listening
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize(("retries", "attempts"), [(0, "1 attempt,"), (2, "3 attempts,")])
def test_refused_connection_is_retried_then_raised(
    flavor: ClientFlavor, make_client: MakeClient, refused_url: str, retries: int, attempts: str
) -> None:
    client = make_client(TOKEN, base_url=refused_url, max_retries=retries)

    with pytest.raises(TransportError, match="refused") as caught:
        flavor.take(client)

    assert type(caught.value) is TransportError
    assert attempts in str(caught.value)


def test_retry_after_is_read_from_parameters_without_a_header(
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
def test_max_retries_0_sends_one_request(
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
