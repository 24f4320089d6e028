from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Api


def test_envelope_contains_status_and_content(api: Api) -> None:
    reply = api.send("POST", api.path("?envelope=true"), b'{"description":"x"}')

    assert reply.status == 200
    assert list(reply.json()) == ["content", "status"]
    assert reply.json()["status"] == 200
    assert reply.json()["content"]["status"] == "queued"


def test_envelope_of_error_has_http_200(api: Api) -> None:
    api.taken()

    reply = api.send("POST", api.path("?envelope=true"), b"{}")

    assert reply.status == 200
    assert reply.json()["status"] == 400
    assert reply.json()["content"]["errorCode"] == "UNFINISHED_ON_DEMAND_SNAPSHOT"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/atlas/v2/nothing", None, 404),
        ("/api/atlas/v2/groups/x", None, 400),
    ],
)
def test_envelope_wraps_early_error(api: Api, path: str, body: bytes | None, status: int) -> None:
    reply = api.send("GET", f"{path}?envelope=true", body)

    assert (reply.status, reply.json()["status"]) == (200, status)


def test_envelope_of_list_is_flat(api: Api) -> None:
    view = api.get("?envelope=true").json()

    assert list(view) == ["links", "results", "status", "totalCount"]
    assert view["status"] == 200


def test_envelope_of_sharded_list_is_flat(api: Api) -> None:
    view = api.get("/shardedClusters?envelope=true", "Sharded0").json()

    assert (view["status"], len(view["results"])) == (200, 1)


def test_envelope_of_delete_has_body(api: Api) -> None:
    snapshot_id = api.listed()[0]

    reply = api.send("DELETE", api.path(f"/{snapshot_id}?envelope=true"))

    assert reply.status == 200
    assert reply.json() == {"content": {}, "status": 204}


def test_envelope_never_wraps_challenge(api: Api) -> None:
    reply = api.send("GET", api.path("?envelope=true"), headers={"Authorization": None})

    assert reply.status == 401
    assert "www-authenticate" in reply.headers


def test_envelope_and_pretty_default_to_false(api: Api) -> None:
    snapshot_id = api.listed()[0]

    plain = api.get(f"/{snapshot_id}")
    said = api.get(f"/{snapshot_id}?envelope=false&pretty=false")

    assert plain.body == said.body


def test_pretty_changes_layout_only(api: Api) -> None:
    snapshot_id = api.listed()[0]

    plain = api.get(f"/{snapshot_id}")
    pretty = api.get(f"/{snapshot_id}?pretty=true")

    assert pretty.json() == plain.json()
    assert list(pretty.json()) == list(plain.json())
    text = pretty.body.decode()
    assert text.startswith('{\n  "cloudProvider" : "AWS",\n  "copyRegions" : [ ],\n')
    assert '  "links" : [ {\n    "href" : ' in text
    assert '"rel" : "self"\n  }, {\n' in text
    assert text.endswith('"type" : "replicaSet"\n}')


def test_pretty_applies_to_errors(api: Api) -> None:
    reply = api.get(f"/{'a' * 24}?pretty=true")

    assert reply.body.startswith(b'{\n  "detail" : ')
    assert reply.status == 404


@pytest.mark.parametrize("name", ["envelope", "pretty"])
@pytest.mark.parametrize("value", ["", "1", "yes", "TRUE", "True", "null"])
@pytest.mark.parametrize("path", ["/groups", "/groups/{}", "/groups/{}/clusters/Cluster0"])
def test_invalid_boolean_is_rejected(api: Api, name: str, value: str, path: str) -> None:
    path = "/api/atlas/v2" + path.format(api.emulator.group_id)

    reply = api.send("GET", f"{path}?{name}={value}")

    assert (reply.status, reply.code) == (400, "INVALID_QUERY_PARAMETER")
    assert reply.json()["parameters"] == [name]
