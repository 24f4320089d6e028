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


def test_argument_takes_precedence_over_the_environment(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ACCESS_TOKEN, "not-this-one")
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    assert flavor.take(client).status == "queued"


def test_different_base_url_variables_are_rejected(
    emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BASE_URL, "https://cloud.mongodb.com")
    monkeypatch.setenv(OPS_MANAGER_URL, "https://cloud.mongodbgov.com")

    with pytest.raises(ConfigurationError, match=f"{BASE_URL}.*{OPS_MANAGER_URL}"):
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
