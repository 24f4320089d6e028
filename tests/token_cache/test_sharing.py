"""`token_cache`: clients share one token through a file."""

from __future__ import annotations

import json
import logging
import pickle
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AtlasBackups, ServiceAccount, UnauthorizedError

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor
    from tests.token_cache.conftest import Sharing


def asked(emulator: AtlasEmulator) -> list[str]:
    return [request.path.rsplit("/", 1)[-1] for request in emulator.requests]


def test_entries_are_keyed_by_account_and_base_url(
    flavor: ClientFlavor, emulator: AtlasEmulator, sharing: Sharing, cache: Path
) -> None:
    account = emulator.credential("service_account", read_only=True)
    other = ServiceAccount(account.id, account.secret)

    flavor.take(sharing())
    for _ in range(2):
        with pytest.raises(UnauthorizedError, match="USER_UNAUTHORIZED"):
            flavor.take(sharing(other))
        flavor.take(sharing())
        flavor.take(sharing(base_url=emulator.base_url.replace("127.0.0.1", "localhost")))

    assert asked(emulator).count("token") == 3
    entries = json.loads(cache.read_text())["tokens"]
    assert len({(entry["base_url"], entry["client_id"]) for entry in entries}) == 3


def test_other_credentials_do_not_use_the_file(
    flavor: ClientFlavor, emulator: AtlasEmulator, sharing: Sharing, cache: Path
) -> None:
    for credentials in (emulator.api_key, emulator.access_token):
        flavor.take(sharing(credentials))

    assert list(cache.parent.iterdir()) == []


def test_path_may_be_str_or_pathlike(
    flavor: ClientFlavor, emulator: AtlasEmulator, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)
    for path in (cache, str(cache)):
        pickled = pickle.dumps(AtlasBackups(token_cache=path))
        client: AtlasBackups = pickle.loads(pickled)  # our own pickle  # noqa: S301  # our own
        flavor.take(client)
        flavor.close(client)

    assert asked(emulator) == ["token", "snapshots", "snapshots"]


def test_relative_path_is_resolved_at_construction(
    flavor: ClientFlavor, sharing: Sharing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = sharing(token_cache="~")
    monkeypatch.chdir("/")

    flavor.take(client)

    assert (tmp_path / "~").is_file()


def test_messages_contain_no_token(
    flavor: ClientFlavor, sharing: Sharing, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        flavor.take(sharing())
        client = sharing()
        flavor.take(client)

    token = json.loads(cache.read_text())["tokens"][0]["access_token"]
    assert len(token) > 5
    assert token not in caplog.text + repr(client)
