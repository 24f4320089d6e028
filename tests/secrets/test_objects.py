"""The repr and pickles of credentials and clients contain no secret."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, ApiKey, AtlasBackups, AtlasError, ServiceAccount
from tests.raw_server import always, answer
from tests.secrets.canaries import (
    CANARY,
    CREDENTIALS,
    PASSWORD,
    TOKEN,
    assert_clean,
    assert_clean_error,
    attributes_of,
)

if TYPE_CHECKING:
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor


@pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda it: type(it).__name__)
def test_credentials_have_a_redacted_repr_and_do_not_pickle(credentials: Any) -> None:
    assert_clean(credentials, getattr(credentials, "__dict__", None), f"{credentials}")
    assert_clean(*[getattr(credentials, name) for name in dir(credentials)])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(credentials, protocol)
    assert copy.deepcopy(credentials) == credentials == copy.copy(credentials)


@pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda it: type(it).__name__)
def test_client_has_a_redacted_repr_and_does_not_pickle_secrets(
    make_client: MakeClient, credentials: Any
) -> None:
    client = make_client(credentials)

    assert_clean(client, *[getattr(client, name, None) for name in dir(client)])
    assert_clean(*[inner for outer in attributes_of(client) for inner in attributes_of(outer)])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot pickle AtlasBackups"):
            pickle.dumps(client, protocol)


def test_proxy_password_is_redacted(make_client: MakeClient) -> None:
    client = make_client(provide, proxy=f"http://user:{PASSWORD}@127.0.0.1:9")

    assert_clean(client, *attributes_of(client))
    assert_clean(*[inner for outer in attributes_of(client) for inner in attributes_of(outer)])
    with pytest.raises(TypeError, match="proxy"):
        pickle.dumps(client)


def test_proxy_error_contains_no_password(flavor: ClientFlavor, make_client: MakeClient) -> None:
    client = make_client(
        AccessToken(TOKEN),
        base_url="https://atlas.invalid",
        proxy=f"http://user:{PASSWORD}@127.0.0.1:9",
        max_retries=1,
    )

    with pytest.raises(AtlasError) as caught:
        flavor.take(client)

    assert_clean_error(caught.value)


def provide() -> AccessToken:
    return AccessToken(CANARY)


def test_client_without_secrets_pickles(
    flavor: ClientFlavor, make_client: MakeClient, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_ATLAS_ACCESS_TOKEN", CANARY)
    server, _ = serve(always(answer(200, {"id": "6" * 24})))

    for credentials in (None, provide):
        client = make_client(credentials, base_url=server.base_url, timeout=7)
        pickled = pickle.dumps(client)
        again: AtlasBackups = pickle.loads(pickled)  # our own pickle  # noqa: S301  # our own pickle
        with again:
            flavor.take(again)
        assert CANARY.encode() not in pickled

    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {CANARY}"}


@pytest.mark.parametrize("ending", ["\n", "\x00", " "])
def test_error_does_not_quote_an_invalid_secret(ending: str) -> None:
    for build in (
        lambda: ServiceAccount("id", CANARY + ending),
        lambda: ApiKey("id", CANARY + ending),
        lambda: AccessToken(CANARY + ending),
    ):
        with pytest.raises(AtlasError) as caught:
            build()
        assert_clean(caught.value, *caught.value.args)
