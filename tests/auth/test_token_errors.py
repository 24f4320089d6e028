"""What the token endpoint says when it grants none: the right class, and a hint that helps."""

# ruff: noqa: ANN401, PLR0913, PLR0917  # fixtures and rows of tables
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    ApiError,
    AtlasBackups,
    ForbiddenError,
    IpAccessListError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ServiceAccount,
    UnauthorizedError,
)
from atlas_backups.emulator import Security
from tests.raw_server import NEVER, always, answer

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor

ACCOUNT = ServiceAccount("mdb_sa_id_1", "a-client-secret")


def refused(flavor: ClientFlavor, serve: Serve, sent: bytes, **options: Any) -> BaseException:
    server, client = serve(always(sent), credentials=ACCOUNT, max_retries=0, **options)
    with pytest.raises(Exception) as caught:  # the caller looks at the class  # noqa: PT011  # looked at below
        flavor.take(client)
    assert [request.target for request in server.requests] == ["/api/oauth/token"]
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "expected", "hint"),
    [
        (401, "invalid_client", UnauthorizedError, "client secret is wrong"),
        (403, "access_denied", ForbiddenError, "100 active tokens"),
        (429, "rate_limited", RateLimitError, "50 requests a minute"),
        (400, "unsupported_grant_type", ApiError, ""),
        (500, "server_error", ServerError, ""),
    ],
)
def test_oauths_own_errors(  # a row of the table
    flavor: ClientFlavor, serve: Serve, status: int, code: str, expected: type[ApiError], hint: str
) -> None:
    body = {"error": code, "error_description": "So it is."}

    error = refused(flavor, serve, answer(status, body))

    assert isinstance(error, expected)
    assert (error.status, error.error_code, error.detail) == (status, code, "So it is.")
    assert (error.method, error.path) == ("POST", "/api/oauth/token")
    assert hint in (error.hint or "")
    assert hint in str(error)
    assert "/api/oauth/token" in str(error)


def test_the_wrong_secret(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    account = emulator.credential("service_account")
    client = make_client(ServiceAccount(account.id, "wrong-secret"), base_url=emulator.base_url)

    with pytest.raises(UnauthorizedError, match="secret is wrong"):
        flavor.take(client)

    assert len(emulator.requests) == 1


def test_a_silent_token_endpoint_is_a_time_out(flavor: ClientFlavor, serve: Serve) -> None:
    begun = time.monotonic()
    server, client = serve(always(NEVER), credentials=ACCOUNT, timeout=0.8, max_retries=0)

    with pytest.raises(RequestTimeoutError, match="/api/oauth/token"):
        flavor.take(client)

    assert time.monotonic() - begun < 10
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "code",
    [
        "IP_ADDRESS_NOT_ON_ACCESS_LIST",
        "IP_ADDRESS_NOT_ON_WHITELIST",
        "ORG_REQUIRES_ACCESS_LIST",
        "ORG_REQUIRES_WHITELIST",
    ],
)
def test_a_granted_token_that_may_not_be_used_from_here(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, code: Any
) -> None:
    emulator.security = Security(access_list=(), access_list_code=code)
    client: AtlasBackups = make_client(emulator.service_account, base_url=emulator.base_url)

    with pytest.raises(IpAccessListError, match="the token was granted but this address") as caught:
        flavor.take(client)

    assert (caught.value.status, caught.value.error_code) == (403, code)
    assert [request.status for request in emulator.requests] == [200, 403]
