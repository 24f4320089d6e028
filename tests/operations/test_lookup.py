"""`get_project` and `find_cluster` by id, name and connection string."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    ClusterNotFoundError,
    ConfigurationError,
    InvalidArgumentError,
    Project,
    ProjectNotFoundError,
)
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

HOST = "cluster0.emulator.invalid"
PASSWORD = "a-password-of-a-uri"  # no secret


@pytest.mark.parametrize("project", ["Emulated", GROUP_ID, GROUP_ID.upper()])
def test_get_project_takes_its_name_or_id(
    flavor: ClientFlavor, atlas: AtlasBackups, project: str
) -> None:
    found = flavor.call(atlas, "get_project", project)

    assert type(found) is Project
    assert (found.id, found.name) == (GROUP_ID, "Emulated")


def test_unknown_project_raises_with_the_nearest_names(
    flavor: ClientFlavor, atlas: AtlasBackups
) -> None:
    with pytest.raises(ProjectNotFoundError, match=r'"Emulatd".*"Emulated", "Empty"') as caught:
        flavor.call(atlas, "get_project", "Emulatd")

    assert (caught.value.status, caught.value.method, caught.value.attempts) == (None, "GET", 1)


@pytest.mark.parametrize("project", ["Emulated", GROUP_ID, None])
def test_find_cluster_takes_a_name_and_a_project(
    flavor: ClientFlavor,
    atlas: AtlasBackups,
    monkeypatch: pytest.MonkeyPatch,
    project: str | None,
) -> None:
    monkeypatch.setenv("MONGODB_ATLAS_PROJECT_ID", GROUP_ID)

    found = flavor.call(atlas, "find_cluster", CLUSTER_NAME, project=project)

    assert (found.group_id, found.name, found.cluster_type) == (GROUP_ID, "Cluster0", "REPLICASET")


@pytest.mark.parametrize(
    "uri",
    [
        f"mongodb+srv://{HOST}",
        f"mongodb+srv://user:{PASSWORD}@{HOST.upper()}/db?retryWrites=true",
        f"mongodb://user:{PASSWORD}@elsewhere.invalid,{HOST}:27017/?ssl=true",
        f"mongodb://{HOST}",
    ],
)
def test_find_cluster_takes_a_connection_string(
    flavor: ClientFlavor, atlas: AtlasBackups, uri: str
) -> None:
    assert flavor.call(atlas, "find_cluster", uri).name == "Cluster0"


def test_unknown_cluster_raises_with_the_nearest_names(
    flavor: ClientFlavor, atlas: AtlasBackups
) -> None:
    with pytest.raises(ClusterNotFoundError, match='"Clutser0"; the nearest are "Cluster0"'):
        flavor.call(atlas, "find_cluster", "Clutser0", project=GROUP_ID)


@pytest.mark.parametrize("host", ["elsewhere.invalid", ""])
def test_error_about_a_connection_string_does_not_show_it(
    flavor: ClientFlavor, atlas: AtlasBackups, host: str
) -> None:
    expected = ClusterNotFoundError if host else InvalidArgumentError

    with pytest.raises(expected) as caught:
        flavor.call(atlas, "find_cluster", f"mongodb+srv://user:{PASSWORD}@{host}")

    assert PASSWORD not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("arguments", [("",), ("a\nb",), (7,), ("Cluster0",), (None,)])
def test_invalid_lookup_raises_before_anything_is_sent(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object],
) -> None:
    monkeypatch.delenv("MONGODB_ATLAS_PROJECT_ID", raising=False)

    with pytest.raises(InvalidArgumentError):
        flavor.call(atlas, "find_cluster", *arguments)

    assert emulator.requests == ()


@pytest.mark.skipif(os.name == "nt", reason="a Windows environment is always Unicode")
def test_project_variable_that_is_not_utf8_raises_an_error_that_names_it(
    flavor: ClientFlavor, atlas: AtlasBackups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_ATLAS_PROJECT_ID", os.fsdecode(b"canary\xff"))

    with pytest.raises(ConfigurationError, match="MONGODB_ATLAS_PROJECT_ID is set") as caught:
        flavor.call(atlas, "find_cluster", CLUSTER_NAME)

    assert "canary" not in str(caught.value)
