"""Credentials and base URL from the environment, in their documented order."""

# ruff: noqa: PLR0913, PLR0917  # fixtures and rows of tables
from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AtlasBackups, ConfigurationError

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor

ACCESS_TOKEN = "MONGODB_ATLAS_ACCESS_TOKEN"
CLIENT_ID, CLIENT_SECRET = "MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET"
PUBLIC, PRIVATE = "MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"
SHORT_PUBLIC, SHORT_PRIVATE = "MONGODB_ATLAS_PUBLIC_KEY", "MONGODB_ATLAS_PRIVATE_KEY"
BASE_URL, OPS_MANAGER_URL = "MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"
SERVICE = "MONGODB_ATLAS_SERVICE"
EVERYTHING = (ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, PUBLIC, PRIVATE, SHORT_PUBLIC, SHORT_PRIVATE)


@pytest.fixture
def values(emulator: AtlasEmulator) -> dict[str, str]:
    account, key = emulator.credential("service_account"), emulator.credential("api_key")
    return {
        ACCESS_TOKEN: emulator.credential("access_token").secret,
        CLIENT_ID: account.id,
        CLIENT_SECRET: account.secret,
        PUBLIC: key.id,
        PRIVATE: key.secret,
        SHORT_PUBLIC: key.id,
        SHORT_PRIVATE: key.secret,
    }


def scheme(emulator: AtlasEmulator) -> str:
    first = emulator.requests[0].header("Authorization")
    last = emulator.requests[-1].header("Authorization") or ""
    return "Basic" if (first or "").startswith("Basic") else last.split()[0]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (EVERYTHING, "Bearer"),
        ((CLIENT_ID, CLIENT_SECRET, PUBLIC, PRIVATE), "Basic"),
        ((PUBLIC, PRIVATE), "Digest"),
        ((SHORT_PUBLIC, SHORT_PRIVATE), "Digest"),
        ((PUBLIC, SHORT_PRIVATE), "Digest"),
        ((ACCESS_TOKEN, CLIENT_ID), "Bearer"),
        ((CLIENT_ID, CLIENT_SECRET, PUBLIC), "Basic"),
    ],
)
def test_first_complete_credential_is_used(  # fixtures and a table row
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, str],
    names: tuple[str, ...],
    expected: str,
) -> None:
    for name in names:
        monkeypatch.setenv(name, values[name])
    client = make_client(base_url=emulator.base_url)

    flavor.take(client)

    assert scheme(emulator) == expected


def test_variables_of_the_emulator_configure_a_client(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)

    assert flavor.take(make_client()).group_id == emulator.env["MONGODB_ATLAS_PROJECT_ID"]


def test_missing_credentials_error_names_all_variables() -> None:
    with pytest.raises(ConfigurationError) as caught:
        AtlasBackups()

    for name in (ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, PUBLIC, PRIVATE):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (CLIENT_ID, CLIENT_SECRET),
        (CLIENT_SECRET, CLIENT_ID),
        (PUBLIC, PRIVATE),
        (PRIVATE, PUBLIC),
        (SHORT_PUBLIC, PRIVATE),
        (SHORT_PRIVATE, PUBLIC),
    ],
)
def test_incomplete_pair_error_names_set_and_missing_variables(
    monkeypatch: pytest.MonkeyPatch, given: str, missing: str
) -> None:
    monkeypatch.setenv(given, "a-canary")

    with pytest.raises(ConfigurationError) as caught:
        AtlasBackups()

    assert given in str(caught.value)
    assert missing in str(caught.value)
    assert "canary" not in str(caught.value)


def test_incomplete_service_account_is_an_error_despite_an_api_key(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    for name in (CLIENT_ID, PUBLIC, PRIVATE):
        monkeypatch.setenv(name, values[name])

    with pytest.raises(ConfigurationError, match=CLIENT_SECRET):
        AtlasBackups()


def test_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EVERYTHING:
        monkeypatch.setenv(name, "")

    with pytest.raises(ConfigurationError, match="no credentials"):
        AtlasBackups()


def test_argument_takes_precedence_over_the_environment(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ACCESS_TOKEN, "not-this-one")
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    assert flavor.take(client).status == "queued"


@pytest.mark.parametrize("names", [(BASE_URL,), (OPS_MANAGER_URL,), (BASE_URL, OPS_MANAGER_URL)])
def test_either_variable_sets_the_base_url(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
) -> None:
    for number, name in enumerate(names):
        monkeypatch.setenv(name, emulator.base_url + "/" * number)

    assert flavor.take(make_client(emulator.access_token)).status == "queued"


def test_different_base_url_variables_are_rejected(
    emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BASE_URL, "https://cloud.mongodb.com")
    monkeypatch.setenv(OPS_MANAGER_URL, "https://cloud.mongodbgov.com")

    with pytest.raises(ConfigurationError, match=f"{BASE_URL}.*{OPS_MANAGER_URL}"):
        AtlasBackups(emulator.access_token)


def test_invalid_variable_is_named(
    emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPS_MANAGER_URL, "http://cloud.mongodb.com")

    with pytest.raises(ConfigurationError, match=OPS_MANAGER_URL):
        AtlasBackups(emulator.access_token)


def test_base_url_argument_takes_precedence(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(BASE_URL, "https://nowhere.invalid")
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    assert flavor.take(client).status == "queued"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, "https://cloud.mongodb.com"),
        ("https://cloud.mongodbgov.com/", "https://cloud.mongodbgov.com"),
    ],
)
def test_default_base_url_is_the_public_cloud(
    emulator: AtlasEmulator, make_client: MakeClient, given: str | None, shown: str
) -> None:
    assert f" {shown}," in repr(make_client(emulator.access_token, base_url=given))


@pytest.mark.skipif(os.name == "nt", reason="a Windows environment is always Unicode")
@pytest.mark.parametrize("name", [*EVERYTHING, BASE_URL, OPS_MANAGER_URL, SERVICE])
def test_variable_that_is_not_utf8_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(ACCESS_TOKEN, "a-token")
    monkeypatch.setenv(name, os.fsdecode(b"canary\xff"))

    with pytest.raises(ConfigurationError, match=f"^{name} is set, but.*UTF-8") as caught:
        AtlasBackups()

    assert "canary" not in str(caught.value)


def test_service_cloudgov_selects_the_base_url_of_the_government(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ACCESS_TOKEN, "a-token")
    monkeypatch.setenv(SERVICE, "cloudgov")

    assert "https://cloud.mongodbgov.com" in repr(AtlasBackups())
    assert "https://127.0.0.1:1" in repr(AtlasBackups(base_url="https://127.0.0.1:1"))

    monkeypatch.setenv(BASE_URL, "https://cloud.mongodb.com")
    with pytest.raises(ConfigurationError, match=f"{BASE_URL} and {SERVICE}=cloudgov"):
        AtlasBackups()


@pytest.mark.parametrize("path", ["/api/atlas/v2", "/api/atlas/v1.0/", "/api"])
def test_base_url_with_the_path_of_the_api_is_refused_before_anything_is_sent(
    emulator: AtlasEmulator, path: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"use {emulator.base_url}$"):
        AtlasBackups(emulator.credentials, base_url=emulator.base_url + path)

    assert not emulator.requests


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({ACCESS_TOKEN: '"canary"'}, "token must not be wrapped in quotation marks"),
        ({ACCESS_TOKEN: "Bearer canary"}, "token must be the token alone"),
        ({CLIENT_ID: "'canary'", CLIENT_SECRET: "canary"}, "client_id must not be wrapped"),
        ({CLIENT_ID: "mdb_sa_id_1", CLIENT_SECRET: '"canary"'}, "client_secret must not be"),
        ({PUBLIC: '"canary"', PRIVATE: "canary"}, "public_key must not be wrapped"),
    ],
)
def test_quotation_marks_and_bearer_are_named_with_their_variable(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], field: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"^{field}") as caught:
        AtlasBackups()

    assert "canary" not in str(caught.value)
    assert all(name in str(caught.value) for name in variables)
