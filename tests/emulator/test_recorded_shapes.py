"""Responses compared with recordings of the real service, field by field.

The expected texts are written from the recordings with ids, names and dates of our own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Api, Reply

COMMON = {
    "date": "Tue, 01 Sep 2026 00:00:00 GMT",
    "referrer-policy": "strict-origin-when-cross-origin",
    "server": "mdbws",
    "strict-transport-security": "max-age=31536000; includeSubdomains;",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "none",
}
SNAPSHOT_TYPE = "application/vnd.atlas.2023-01-01+json;charset=utf-8"


def expected(api: Api, snapshot_id: str, **parts: str) -> str:
    """Return the recorded body of a snapshot, with these values of the variable fields."""
    cluster = f"{api.emulator.base_url}{api.cluster_path()}"
    texts = {"provider": "", "created": "", "version": "", "size": "0", **parts}
    return (
        f'{{{texts["provider"]}"copyRegions":[],{texts["created"]}"description":"nightly",'
        f'"expiresAt":"{texts["expires"]}","frequencyType":"ondemand","id":"{snapshot_id}",'
        f'"links":[{{"href":"{cluster}/backup/snapshots/{snapshot_id}","rel":"self"}},'
        f'{{"href":"{cluster}","rel":"https://cloud.mongodb.com/cluster"}}],'
        f'{texts["version"]}"policyItems":[],"replicaSetName":"Cluster0",'
        f'"snapshotType":"onDemand","status":"{texts["status"]}",'
        f'"storageSizeBytes":{texts["size"]},"type":"replicaSet"}}'
    )


def without(reply: Reply, *names: str) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in names}


PROVIDER = '"cloudProvider":"AWS",'
MONGOD = '"mongodVersion":"8.0.29",'


def test_take_has_recorded_body_and_headers(api: Api) -> None:
    reply = api.take(description="nightly")

    assert reply.status == 200
    snapshot_id = reply.json()["id"]
    text = expected(api, snapshot_id, status="queued", expires="2026-09-02T00:00:00Z")
    assert reply.body.decode() == text
    assert reply.headers == {
        **COMMON,
        "content-length": str(len(text)),
        "content-type": SNAPSHOT_TYPE,
        "ratelimit-limit": "1200",
        "ratelimit-remaining": "1199",
    }


def test_id_starts_with_time_of_request(api: Api) -> None:
    snapshot_id = api.taken()

    assert re.fullmatch(r"[0-9a-f]{24}", snapshot_id)
    assert int(snapshot_id[:8], 16) == int(api.clock.now())


@pytest.mark.parametrize(
    ("seconds", "parts"),
    [
        (0, {"status": "queued"}),
        (7, {"status": "inProgress"}),
        (29, {"status": "inProgress", "version": MONGOD}),
        (95, {"status": "inProgress", "version": MONGOD, "provider": PROVIDER}),
        (
            161,
            {
                "status": "completed",
                "version": MONGOD,
                "provider": PROVIDER,
                "created": '"createdAt":"2026-09-01T00:01:35Z",',
                "expires": "2026-09-02T00:02:37Z",
                "size": "5368709120",
            },
        ),
    ],
)
def test_snapshot_life_cycle_is_as_recorded(
    api: Api, seconds: float, parts: dict[str, str]
) -> None:
    snapshot_id = api.taken(description="nightly")

    api.clock.advance(seconds)

    text = expected(api, snapshot_id, **{"expires": "2026-09-02T00:00:00Z", **parts})
    assert api.get(f"/{snapshot_id}").body.decode() == text


def test_unknown_project_is_rejected_as_recorded(api: Api) -> None:
    group_id = "0" * 24

    reply = api.send("GET", api.cluster_path(group_id=group_id))

    text = (
        f'{{"detail":"No group with ID {group_id} exists.","error":404,'
        f'"errorCode":"GROUP_NOT_FOUND","parameters":["{group_id}"],"reason":"Not Found"}}'
    )
    assert reply.status == 404
    assert reply.body.decode() == text
    assert reply.headers == {
        **COMMON,
        "content-length": str(len(text)),
        "content-type": "application/json",
        "vary": "Accept-Encoding",
        "x-error-code": "GROUP_NOT_FOUND",
    }


def test_unknown_cluster_is_rejected_as_recorded(api: Api) -> None:
    group_id = api.emulator.group_id

    reply = api.send("GET", api.cluster_path("Nowhere9"))

    text = (
        f'{{"detail":"No cluster named Nowhere9 exists in group {group_id}.","error":404,'
        f'"errorCode":"CLUSTER_NOT_FOUND","parameters":["Nowhere9","{group_id}"],'
        f'"reason":"Not Found"}}'
    )
    assert reply.status == 404
    assert reply.body.decode() == text
    assert without(reply, "content-length") == {
        **COMMON,
        "content-type": "application/json",
        "ratelimit-limit": "10000",
        "ratelimit-remaining": "9999",
        "vary": "Accept-Encoding",
        "x-error-code": "CLUSTER_NOT_FOUND",
    }


def test_digest_challenge_is_as_recorded(api: Api) -> None:
    reply = api.send("POST", api.path(), b"{}", {"Authorization": None})

    assert reply.status == 401
    assert reply.body.decode() == (
        '{\n  "error" : 401,\n  "reason" : "Unauthorized",\n'
        '  "detail" : "You are not authorized for this resource.",\n'
        '  "errorCode" : "UNEXPECTED_ERROR"\n}'
    )
    assert re.fullmatch(
        r'Digest realm="MMS Public API", domain="", nonce="[A-Za-z0-9+/]{32}", '
        r'algorithm=MD5, qop="auth", stale=false',
        reply.headers["www-authenticate"],
    )
    assert without(reply, "www-authenticate") == {
        "content-length": "142",
        "content-type": "application/json",
        "date": COMMON["date"],
        "server": "mdbws",
        "vary": "Accept-Encoding",
    }


def test_header_names_are_as_recorded(api: Api) -> None:
    head = api.raw(
        f"GET {api.path()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    ).partition(b"\r\n\r\n")[0]

    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]]
    assert names == [
        "Connection",
        "Content-Length",
        "Content-Type",
        "Date",
        "Server",
        "Vary",
        "Www-Authenticate",
    ]


def test_sharded_snapshot_has_published_fields(api: Api) -> None:
    reply = api.take("Sharded0", description="nightly")

    view = reply.json()
    cluster = f"{api.emulator.base_url}{api.cluster_path('Sharded0')}"
    assert view == {
        "configServerType": "DEDICATED",
        "description": "nightly",
        "expiresAt": "2026-09-02T00:00:00Z",
        "frequencyType": "ondemand",
        "id": view["id"],
        "links": [
            {"href": f"{cluster}/backup/snapshots/shardedCluster/{view['id']}", "rel": "self"},
            {"href": cluster, "rel": "https://cloud.mongodb.com/cluster"},
        ],
        "members": [],
        "policyItems": [],
        "snapshotIds": [],
        "snapshotType": "onDemand",
        "status": "queued",
        "storageSizeBytes": 0,
        "type": "shardedCluster",
    }
    assert list(view) == sorted(view)
