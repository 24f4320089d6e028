"""A redirect is not followed: a POST would become a GET, and credentials would leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, InvalidResponseError, ServiceAccount
from tests.bodies import queued
from tests.flavor import BRIEF
from tests.raw_server import READ, RawServer, always, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Serve
    from tests.flavor import ClientFlavor


@pytest.fixture
def elsewhere() -> Iterator[RawServer]:
    with RawServer(always(answer(200, queued()))) as server:
        yield server


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_to_another_host_is_ambiguous_and_not_followed(
    flavor: ClientFlavor, serve: Serve, elsewhere: RawServer, status: int
) -> None:
    target = elsewhere.base_url.replace("127.0.0.1", "localhost") + "/else"
    body = b"" if status == 304 else b"{}"
    redirect = answer(status, body, {"Location": target})
    server, client = serve(always(redirect), total_timeout=BRIEF)

    with pytest.raises(AmbiguousOutcomeError, match="redirect") as caught:
        flavor.take(client)

    assert type(caught.value.cause) is InvalidResponseError
    assert len(server.requests) == 1
    assert (elsewhere.requests, elsewhere.connections) == ((), 0)


def test_a_redirect_to_the_same_path_is_not_followed(flavor: ClientFlavor, serve: Serve) -> None:
    redirect = answer(307, b"", {"Location": "/api/atlas/v2/again"})
    server, client = serve([READ, redirect, READ, answer(200, queued())], total_timeout=BRIEF)

    with pytest.raises(AmbiguousOutcomeError):
        flavor.take(client)

    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_client_secret_does_not_follow_a_redirect_of_the_token_endpoint(
    flavor: ClientFlavor, serve: Serve, elsewhere: RawServer, status: int
) -> None:
    redirect = answer(status, b"", {"Location": f"{elsewhere.base_url}/api/oauth/token"})
    server, client = serve(always(redirect), credentials=ServiceAccount("mdb_sa_id_1", "secret"))

    with pytest.raises(InvalidResponseError, match="redirect"):
        flavor.take(client)

    assert [request.target for request in server.requests] == ["/api/oauth/token"]
    assert elsewhere.connections == 0
