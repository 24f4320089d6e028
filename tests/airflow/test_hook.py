from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import ConfigurationError
from atlas_backups.airflow import AtlasBackupsHook
from atlas_backups.emulator import AtlasEmulator, Fault, Security, World, default_world
from tests.airflow.lab import connection_variable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.airflow.lab import Lab

VARIABLE = "AIRFLOW_CONN_MONGODB_ATLAS_DEFAULT"


def test_hook_returns_client(lab: Lab) -> None:
    with AtlasBackupsHook().get_conn() as atlas:
        names = [project.name for project in atlas.list_projects()]

    assert names == ["Emulated", "Empty"]
    agents = {dict(request.headers)["user-agent"] for request in lab.emulator.requests}
    assert all("apache-airflow/" in agent for agent in agents)


def test_hook_returns_client_for_api_key(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lab.emulator.credential("api_key")
    extra = {"public_key": key.id, "private_key": key.secret}
    fields: dict[str, Any] = {"login": None, "password": None, "extra": extra}
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, **fields))

    with AtlasBackupsHook().get_conn() as atlas:
        assert len(atlas.list_projects()) == 2


def test_hook_names_missing_connection() -> None:
    with pytest.raises(ConfigurationError, match="there is no connection 'nobody'"):
        AtlasBackupsHook("nobody").get_conn()


def test_unreadable_connection_variable_is_named_without_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "mongodb_atlas://id:canary@http://127.0.0.1:8080")

    with pytest.raises(ConfigurationError, match=f"cannot read {VARIABLE}: .*%3A") as caught:
        AtlasBackupsHook().get_conn()

    assert "canary" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.usefixtures("lab")
def test_test_connection_lists_projects() -> None:
    works, message = AtlasBackupsHook().test_connection()

    assert works
    assert "token cache" not in message
    assert "they see Emulated, Empty. To take snapshots they need the role" in message


def test_test_connection_reports_unwritable_token_cache(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    extra = {"token_cache": str(tmp_path / "nowhere" / "tokens")}
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, extra=extra))

    works, message = AtlasBackupsHook().test_connection()

    assert works
    assert f"the token cache {extra['token_cache']} does not exist or is not writable" in message


def test_test_connection_reports_wrong_secret(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with AtlasBackupsHook().get_conn() as atlas:
        atlas.list_projects()  # the tasks share a token already
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, password="wrong-canary"))

    works, message = AtlasBackupsHook().test_connection()

    assert not works
    assert "the client id or the client secret is wrong, or the secret has expired" in message
    assert "wrong-canary" not in message


def test_test_connection_reports_access_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with AtlasEmulator(security=Security(access_list=())) as emulator:
        monkeypatch.setenv(VARIABLE, connection_variable(emulator))

        works, message = AtlasBackupsHook().test_connection()

    assert not works
    assert "access list" in message


def test_test_connection_reports_missing_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = default_world()
    nowhere = tuple(replace(one, group_ids=frozenset[str]()) for one in world.credentials)
    with AtlasEmulator(World(projects=world.projects, credentials=nowhere)) as emulator:
        monkeypatch.setenv(VARIABLE, connection_variable(emulator))

        works, message = AtlasBackupsHook().test_connection()

    assert not works
    assert "they see no project: give them the role Project Backup Manager" in message


def test_test_connection_reports_incomplete_connection(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, login=None))

    works, message = AtlasBackupsHook().test_connection()

    assert not works
    assert "is incomplete" in message


def test_test_connection_fails_fast(lab: Lab) -> None:
    lab.emulator.fault(Fault(status=503, times=None))

    works, message = AtlasBackupsHook().test_connection()

    assert not works
    assert "503" in message
