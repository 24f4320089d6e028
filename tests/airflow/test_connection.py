"""Parsing and validation of a connection."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Connection, redact

from atlas_backups import ConfigurationError
from atlas_backups.airflow.connection import Settings, settings_of

CLIENT_ID = "mdb_sa_id_66b0c1d2e3f4a5b6c7d8e9f0"
CLIENT_SECRET = "mdb_sa_sk_canary_of_the_client"
PRIVATE_KEY = "12345678-1234-1234-1234-1234567890ab"


def settings(extra: Any = None, **fields: Any) -> Settings:
    extra_text = None if extra is None else json.dumps(extra)
    return settings_of(Connection(conn_id="atlas", extra=extra_text, **fields))


def test_login_and_password_are_service_account() -> None:
    found = settings(login=CLIENT_ID, password=CLIENT_SECRET)

    assert found.service_account == (CLIENT_ID, CLIENT_SECRET)
    assert found.api_key is None
    assert found.base_url == "https://cloud.mongodb.com"


def test_service_account_needs_no_prefix() -> None:
    assert settings(login="someone", password="something").service_account is not None


def test_public_and_private_key_are_api_key() -> None:
    found = settings({"public_key": "abcdefgh", "private_key": PRIVATE_KEY})

    assert found.api_key == ("abcdefgh", PRIVATE_KEY)
    assert found.service_account is None
    assert found.token_cache is None  # there is no token


@pytest.mark.parametrize(
    ("fields", "extra", "sentence"),
    [
        ({}, {}, "has no credentials: fill in Client ID (login) and Client secret (password)"),
        ({"login": CLIENT_ID}, {}, "Client ID (login) is set, Client secret (password) is not"),
        ({"password": "s"}, {}, "Client secret (password) is set, Client ID (login) is not"),
        ({}, {"public_key": "k"}, "API public key (extra: public_key) is set, API private key"),
        ({}, {"private_key": "k"}, "API private key (extra: private_key) is set, API public"),
        (
            {"login": CLIENT_ID, "password": "s"},
            {"public_key": "k", "private_key": "k"},
            "both a service account and an API key",
        ),
        (
            {},
            {"public_key": CLIENT_ID, "private_key": CLIENT_SECRET},
            "holds a client ID of a service account (mdb_sa_id_…); it belongs in Client ID",
        ),
        (
            {"login": CLIENT_SECRET, "password": CLIENT_ID},
            {},
            "Client ID (login) holds a client secret of a service account",
        ),
        (
            {"login": "abcdefgh", "password": PRIVATE_KEY},
            {},
            "hold an API key; it belongs in API public key (extra: public_key)",
        ),
        ({"login": CLIENT_ID, "password": "  "}, {}, "Client secret (password) is not"),
        ({"login": "a", "password": "b", "host": "atlas:port"}, {}, "Base URL (host) is not a URL"),
        ({"login": "a", "password": "b"}, {"proxy": "http://[::1"}, "proxy is not a URL"),
        (
            {"login": "a", "password": "b", "host": "https://atlas.test/api/atlas/v2"},
            {},
            "without the path of its API",
        ),
        ({"login": "a", "password": "b"}, ["proxy"], "its extra must be a JSON object"),
    ],
)
def test_invalid_connection_is_rejected_by_field(
    fields: dict[str, str], extra: Any, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as rejected:
        settings(extra, **fields)

    assert "connection 'atlas'" in str(rejected.value)
    assert sentence in str(rejected.value)
    assert CLIENT_SECRET not in str(rejected.value)
    assert PRIVATE_KEY not in str(rejected.value)


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        (None, None, "https://cloud.mongodb.com"),
        ("https://cloud.mongodbgov.com/", None, "https://cloud.mongodbgov.com"),
        ("cloud.mongodbgov.com", None, "https://cloud.mongodbgov.com"),
        ("http://127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080", None, "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/atlas", 8080, "http://127.0.0.1:8080/atlas"),
        ("http://127.0.0.1/atlas", 8080, "http://127.0.0.1:8080/atlas"),
        # A loopback host without a scheme is an emulator or a tunnel, which speaks plain HTTP.
        ("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("127.8.9.1", None, "http://127.8.9.1"),
        ("localhost", 8080, "http://localhost:8080"),
        ("LOCALHOST:8080/", None, "http://LOCALHOST:8080"),
        ("::1", 8080, "http://[::1]:8080"),
        ("[::1]", 8080, "http://[::1]:8080"),
        ("[::1]:8080", None, "http://[::1]:8080"),
        ("https://localhost", 8443, "https://localhost:8443"),
        ("localhost.example", None, "https://localhost.example"),
        ("10.0.0.1", None, "https://10.0.0.1"),
        # The form of some versions stores an empty port as 0.
        ("cloud.mongodb.com", 0, "https://cloud.mongodb.com"),
        ("cloud.mongodb.com:0", None, "https://cloud.mongodb.com"),
        ("http://127.0.0.1:0/atlas", 8080, "http://127.0.0.1:8080/atlas"),
        ("http://127.0.0.1:0", 0, "http://127.0.0.1"),
    ],
)
def test_host_and_port_are_base_url(host: str | None, port: int | None, url: str) -> None:
    found = settings(login="a", password="b", host=host, port=port)

    assert found.base_url == url


def test_connection_uri_is_parsed() -> None:
    connection = Connection(
        conn_id="atlas",
        uri=f"mongodb-atlas://{CLIENT_ID}:{CLIENT_SECRET}@http%3A%2F%2F127.0.0.1:8080/?ca_file=%2Fca",
    )

    found = settings_of(connection)

    assert connection.conn_type == "mongodb_atlas"
    assert found.service_account == (CLIENT_ID, CLIENT_SECRET)
    assert found.base_url == "http://127.0.0.1:8080"
    assert found.ca_file == "/ca"


@pytest.mark.parametrize("scheme", ["mongodb-atlas", "mongodb_atlas"])
@pytest.mark.parametrize(
    ("rest", "base_url"),
    [
        ("", "https://cloud.mongodb.com"),
        ("/", "https://cloud.mongodb.com"),
        ("cloud.mongodbgov.com", "https://cloud.mongodbgov.com"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost:0/", "http://localhost"),
        ("http%3A%2F%2F127.0.0.1:8080/?ca_file=%2Fca&token_cache=off", "http://127.0.0.1:8080"),
    ],
)
def test_uri_with_hyphen_and_underscore_are_equal(scheme: str, rest: str, base_url: str) -> None:
    connection = Connection(conn_id="atlas", uri=f"{scheme}://{CLIENT_ID}:a%2Fb%40c%3A@{rest}")

    found = settings_of(connection)

    assert found.service_account == (CLIENT_ID, "a/b@c:")
    assert found.base_url == base_url
    assert found.ca_file == ("/ca" if "ca_file" in rest else None)


def test_uri_with_underscore_masks_its_secret() -> None:
    uri = f"mongodb_atlas://{CLIENT_ID}:canary-of-the-underscore@cloud.mongodb.com"

    settings_of(Connection(conn_id="atlas", uri=uri))

    assert redact("a canary-of-the-underscore in a text") == "a *** in a text"


def test_uri_with_underscore_and_api_key_reads_the_extra() -> None:
    uri = f"mongodb_atlas:///?public_key=abcdefgh&private_key={PRIVATE_KEY}"

    found = settings_of(Connection(conn_id="atlas", uri=uri))

    assert found.api_key == ("abcdefgh", PRIVATE_KEY)


def test_uri_with_underscore_and_incomplete_credentials_is_rejected() -> None:
    uri = f"mongodb_atlas://{CLIENT_ID}@cloud.mongodb.com"

    with pytest.raises(ConfigurationError, match="is set, Client secret"):
        settings_of(Connection(conn_id="atlas", uri=uri))


def test_environment_does_not_change_base_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_ATLAS_BASE_URL", "https://elsewhere.example")

    with settings(login="a", password="b").client() as atlas:
        assert "https://cloud.mongodb.com" in repr(atlas)


def test_secrets_are_masked_and_absent_from_repr() -> None:
    found = settings(
        {"proxy": "http://someone:canary-of-the-proxy@proxy.example:3128"},
        login=CLIENT_ID,
        password=CLIENT_SECRET,
    )

    assert redact(f"a {CLIENT_SECRET} in a text") == "a *** in a text"
    assert redact("a canary-of-the-proxy in a text") == "a *** in a text"
    assert "canary" not in repr(found)
    assert "canary" not in repr(found.client())


@pytest.mark.parametrize("name", ["password", "private_key"])
def test_secret_unknown_to_airflow_is_masked(name: str) -> None:
    @dataclass
    class Plain:
        """A connection that masks nothing by itself."""

        login: str | None
        password: str | None
        extra_dejson: dict[str, str]
        extra: str | None = None
        conn_id: str = "atlas"
        conn_type: str = "mongodb_atlas"
        schema: str | None = None
        host: str | None = None
        port: int | None = None

    secret = f"canary-of-the-{name}"
    account: Any = Plain("a", secret, {})
    key: Any = Plain(None, None, {"public_key": "b", "private_key": secret})

    settings_of(account if name == "password" else key)

    assert redact(f"a {secret} in a text") == "a *** in a text"


class TestTokenCache:
    def cache(self, given: str | None = None) -> str | None:
        extra = {} if given is None else {"token_cache": given}
        return settings(extra, login="a", password="b").token_cache

    def test_default_is_file_in_private_directory(self) -> None:
        found = Path(self.cache() or "")

        assert found.is_relative_to(tempfile.gettempdir())
        assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
        assert self.cache() == str(found)

    @pytest.mark.parametrize(
        "other",
        [
            {"login": "b"},
            {"password": "c"},
            {"host": "https://cloud.mongodbgov.com"},
        ],
    )
    def test_default_file_differs_by_credentials_and_base_url(self, other: dict[str, str]) -> None:
        account = {"login": "a", "password": "b"}

        first, second = settings(**account), settings(**account | other)

        assert first.token_cache != second.token_cache

    def test_default_file_differs_for_equal_joined_credentials(self) -> None:
        first = settings(login="a", password="bc")
        second = settings(login="ab", password="c")

        assert first.token_cache != second.token_cache

    def test_default_file_name_contains_no_secret(self) -> None:
        found = settings(login=CLIENT_ID, password=CLIENT_SECRET).token_cache or ""

        assert Path(found).name.startswith("tokens-")
        assert CLIENT_SECRET not in found
        assert hashlib.sha256(CLIENT_SECRET.encode()).hexdigest()[:8] not in found

    def test_given_file_is_used(self) -> None:
        assert self.cache("/var/cache/tokens") == "/var/cache/tokens"

    def test_off_disables_cache(self) -> None:
        assert self.cache("off") is None

    def test_kubernetes_pod_has_no_cache(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW_IS_K8S_EXECUTOR_POD", "True")

        assert self.cache() is None

    @pytest.mark.parametrize("kind", ["open to others", "a link", "a file"])
    def test_directory_of_another_owner_is_not_used(self, kind: str, tmp_path: Path) -> None:
        directory = Path(tempfile.gettempdir()) / f"atlas-backups-{os.getuid()}"
        if kind == "a link":
            (tmp_path / "theirs").mkdir(mode=0o700)
            directory.symlink_to(tmp_path / "theirs")
        elif kind == "a file":
            directory.touch(mode=0o600)
        else:
            directory.mkdir()
            directory.chmod(0o777)

        assert self.cache() is None
