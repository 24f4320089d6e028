"""Errors of the token endpoint raise the right class, with a hint."""

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


def rejected(flavor: ClientFlavor, serve: Serve, sent: bytes, **options: Any) -> BaseException:
    server, client = serve(always(sent), credentials=ACCOUNT, max_retries=0, **options)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the caller checks the class
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
def test_oauth_errors_raise_their_class(  # a row of the table
    flavor: ClientFlavor, serve: Serve, status: int, code: str, expected: type[ApiError], hint: str
) -> None:
    body = {"error": code, "error_description": "So it is."}

    error = rejected(flavor, serve, answer(status, body))

    assert isinstance(error, expected)
    assert (error.status, error.error_code, error.detail) == (status, code, "So it is.")
    assert (error.method, error.path) == ("POST", "/api/oauth/token")
    assert hint in (error.hint or "")
    assert hint in str(error)
    assert "/api/oauth/token" in str(error)


def test_wrong_secret_raises_unauthorized(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    account = emulator.credential("service_account")
    client = make_client(ServiceAccount(account.id, "wrong-secret"), base_url=emulator.base_url)

    with pytest.raises(UnauthorizedError, match="secret is wrong"):
        flavor.take(client)

    assert len(emulator.requests) == 1


def test_silent_token_endpoint_times_out(flavor: ClientFlavor, serve: Serve) -> None:
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
def test_ip_access_list_error_hints_that_the_token_was_granted(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, code: Any
) -> None:
    emulator.security = Security(access_list=(), access_list_code=code)
    client: AtlasBackups = make_client(emulator.service_account, base_url=emulator.base_url)

    with pytest.raises(IpAccessListError, match="the token was granted but this address") as caught:
        flavor.take(client)

    assert (caught.value.status, caught.value.error_code) == (403, code)
    assert [request.status for request in emulator.requests] == [200, 403]
