"""The request of a take: path, query, headers and body."""

# ruff: noqa: PLR0913, PLR0917  # fixtures and rows of tables
from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

import pytest

import atlas_backups
from atlas_backups import AccessToken, ReplicaSetSnapshot, ShardedClusterSnapshot
from tests.flavor import CLUSTER_NAME, GROUP_ID, PATH, ClientFlavor

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient

METHODS = ["take_snapshot", "take_snapshot_raw"]


@pytest.mark.parametrize("method", METHODS)
def test_defaults_send_an_empty_object_to_the_documented_path(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, method: str
) -> None:
    flavor.call(atlas, method, GROUP_ID, CLUSTER_NAME)

    (request,) = emulator.requests
    assert (request.method, request.path, request.query) == ("POST", PATH, "")
    assert request.body == b"{}"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"description": "before release 42"}, {"description": "before release 42"}),
        ({"retention_in_days": 7}, {"retentionInDays": 7}),
        ({"retention_in_days": 1}, {"retentionInDays": 1}),
        ({"retention_in_days": 2**31 - 1}, {"retentionInDays": 2**31 - 1}),
        ({"description": ""}, {"description": ""}),
        ({"description": "  spaces stay  "}, {"description": "  spaces stay  "}),
        ({"description": 'Grüße "\\ 🗄 \u2028'}, {"description": 'Grüße "\\ 🗄 \u2028'}),
        ({"description": "a", "retention_in_days": 3}, {"description": "a", "retentionInDays": 3}),
        ({"description": None, "retention_in_days": None}, {}),
    ],
)
def test_body_has_exactly_the_given_arguments(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    method: str,
    given: dict[str, Any],
    sent: dict[str, Any],
) -> None:
    flavor.call(atlas, method, GROUP_ID, CLUSTER_NAME, **given)

    (request,) = emulator.requests
    assert json.loads(request.body) == sent


def test_description_is_returned_verbatim(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    text = 'Grüße "\\ 🗄 \u2028'

    assert flavor.take(atlas, description=text).description == text


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({"envelope": True}, {"envelope=true"}),
        ({"pretty": True}, {"pretty=true"}),
        ({"envelope": True, "pretty": True}, {"envelope=true", "pretty=true"}),
        ({"envelope": False, "pretty": False}, {""}),
    ],
)
def test_envelope_and_pretty_are_query_parameters(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    method: str,
    given: dict[str, bool],
    query: set[str],
) -> None:
    flavor.call(atlas, method, GROUP_ID, CLUSTER_NAME, **given)

    assert set(emulator.requests[0].query.split("&")) == query


def test_documented_api_version_is_requested(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.take(atlas)

    (request,) = emulator.requests
    assert request.header("Accept") == "application/vnd.atlas.2025-03-12+json"
    assert request.header("Content-Type") == "application/json"
    assert request.header("Authorization") == f"Bearer {access_token(emulator)}"


@pytest.mark.parametrize(("suffix", "end"), [(None, ""), ("", ""), ("nightly/2", " nightly/2")])
def test_user_agent_names_package_and_python(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    suffix: str | None,
    end: str,
) -> None:
    client = make_client(
        AccessToken(access_token(emulator)), base_url=emulator.base_url, user_agent_suffix=suffix
    )

    flavor.take(client)

    system = platform.system().lower()
    own = (
        f"atlas-backups/{atlas_backups.__version__} (python/{platform.python_version()}; {system})"
    )
    assert emulator.requests[0].header("User-Agent") == own + end


def test_base_url_with_path_prefix_and_trailing_slash_works(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=f"{emulator.base_url}/prefix/v1/")

    response = flavor.take_raw(client)  # the emulator knows no such path; how it was asked matters

    assert response.status == 404
    assert emulator.requests[0].path == f"/prefix/v1{PATH}"


def test_replica_set_returns_replica_set_snapshot(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    snapshot = flavor.take(atlas)

    assert type(snapshot) is ReplicaSetSnapshot
    assert (snapshot.status, snapshot.frequency_type) == ("queued", "ondemand")
    assert (snapshot.group_id, snapshot.cluster_name) == (GROUP_ID, CLUSTER_NAME)
    assert snapshot.id in {held.id for held in emulator.snapshots}


def test_sharded_cluster_returns_sharded_cluster_snapshot(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    snapshot = flavor.call(atlas, "take_snapshot", GROUP_ID, emulator.sharded_cluster_name)

    assert type(snapshot) is ShardedClusterSnapshot
    assert snapshot.type == "shardedCluster"
    assert snapshot.cluster_name == emulator.sharded_cluster_name


def access_token(emulator: AtlasEmulator) -> str:
    return emulator.credential("access_token").secret
