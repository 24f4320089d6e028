from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Behaviour, VersionNotice

if TYPE_CHECKING:
    from .conftest import Api, Run


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/json",
        "application/vnd.atlas.2022-12-31+json",
        "application/vnd.atlas.2025-13-01+json",
        "application/vnd.atlas.2025-02-30+json",
        "application/vnd.atlas.2026-09-02+json",
        "application/vnd.atlas.2025-3-12+json",
        "application/vnd.atlas.2025-03-12+csv",
        "application/vnd.atlas.preview+json",
        "text/application/vnd.atlas.2025-03-12+json",
    ],
)
def test_unknown_version_gets_406(api: Api, accept: str | None) -> None:
    reply = api.send("GET", api.path(), headers={"Accept": accept})

    assert reply.status == 406
    assert reply.headers["x-error-code"] == reply.code


@pytest.mark.parametrize(
    "accept",
    [
        "application/vnd.atlas.2023-01-01+json",
        "application/vnd.atlas.2026-09-01+json",
        "application/vnd.atlas.2025-03-12+json;charset=utf-8",
        "text/html, application/vnd.atlas.2025-03-12+json; q=0.5",
        "APPLICATION/VND.ATLAS.2025-03-12+JSON",
    ],
)
def test_version_date_since_first_version_is_accepted(api: Api, accept: str) -> None:
    reply = api.send("GET", api.path(), headers={"Accept": accept})

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/vnd.atlas.2023-01-01+json;charset=utf-8"


def test_removed_version_gets_410(run: Run) -> None:
    notice = VersionNotice(target="clusters", version="2023-02-01", gone=True)
    api = run(behaviour=Behaviour(notices=(notice,)))
    path = api.cluster_path()

    old = api.send("GET", path, headers={"Accept": "application/vnd.atlas.2023-02-01+json"})
    new = api.send("GET", path)

    assert (old.status, old.code) == (410, "VERSION_GONE")
    assert old.json()["parameters"] == ["2023-02-01", path.lstrip("/")]
    assert new.status == 200


def test_deprecated_operation_has_headers(run: Run) -> None:
    notice = VersionNotice(
        target="takeSnapshot",
        version="2023-01-01",
        deprecated=datetime(2024, 8, 5, tzinfo=timezone.utc),
        sunset=datetime(2027, 3, 1, 12, 30, tzinfo=timezone.utc),
    )
    api = run(behaviour=Behaviour(notices=(notice,)))

    taken = api.take()
    read = api.get(f"/{taken.json()['id']}")

    assert taken.headers["deprecation"] == "Mon, 5 Aug 2024 00:00:00 GMT"
    assert taken.headers["sunset"] == "Mon, 1 Mar 2027 12:30:00 GMT"
    assert "deprecation" not in read.headers


def test_old_cluster_versions_are_deprecated(api: Api) -> None:
    headers = {"Accept": "application/vnd.atlas.2023-02-01+json"}

    old = api.send("GET", api.cluster_path(), headers=headers)
    new = api.send("GET", api.cluster_path())

    assert old.headers["sunset"] == "Thu, 1 Jul 2027 00:00:00 GMT"
    assert "sunset" not in new.headers


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.atlas.2025-03-12+json",
        "application/vnd.atlas.2023-01-01+json",
    ],
)
def test_json_content_types_are_accepted(api: Api, content_type: str) -> None:
    reply = api.send("POST", api.path(), b"{}", {"Content-Type": content_type})

    assert reply.status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/vnd.atlas.2025-02-30+json",
        "application/vnd.atlas+json",
    ],
)
def test_other_content_types_get_415(api: Api, content_type: str | None) -> None:
    reply = api.send("POST", api.path(), b"{}", {"Content-Type": content_type})

    assert (reply.status, reply.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"42",
        b'"{}"',
        b"{}{}",
        b"{'a': 1}",
        b'{"retentionInDays": NaN}',
        b'{"retentionInDays": 01}',
        b'{"description": "\xff"}',
        b'{"description": "\\ud800"}',
        b'\xef\xbb\xbf{"description": "x"}',
        b"[" * 100_000,
        b'{"retentionInDays": ' + b"9" * 10_000 + b"}",
    ],
)
def test_body_that_is_no_json_object_is_rejected(api: Api, body: bytes) -> None:
    reply = api.send("POST", api.path(), body)

    assert reply.status == 400
    assert reply.code in {"MALFORMED_JSON", "INVALID_ATTRIBUTE"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"retentionInDays": 0}', "VALIDATION_ERROR"),
        ('{"retentionInDays": -1}', "VALIDATION_ERROR"),
        ('{"retentionInDays": 2147483648}', "INVALID_ATTRIBUTE"),
        ('{"retentionInDays": -2147483649}', "INVALID_ATTRIBUTE"),
        ('{"retentionInDays": true}', "INVALID_ATTRIBUTE"),
        ('{"retentionInDays": 1.0}', "INVALID_ATTRIBUTE"),
        ('{"retentionInDays": 1e2}', "INVALID_ATTRIBUTE"),
        ('{"retentionInDays": "7"}', "INVALID_ATTRIBUTE"),
        ('{"retentionInDays": [7]}', "INVALID_ATTRIBUTE"),
        ('{"description": 7}', "INVALID_ATTRIBUTE"),
        ('{"description": ["x"]}', "INVALID_ATTRIBUTE"),
        ('{"retention_in_days": 7}', "INVALID_ATTRIBUTE"),
        ('{"Description": "x"}', "INVALID_ATTRIBUTE"),
    ],
)
def test_invalid_attribute_of_take_is_rejected(api: Api, body: str, code: str) -> None:
    reply = api.send("POST", api.path(), body.encode())

    assert (reply.status, reply.code) == (400, code)
    assert reply.json()["reason"] == "Bad Request"
    assert len(api.listed()) == 4


def test_validation_error_names_field(api: Api) -> None:
    view = api.take(retentionInDays=0).json()

    (violation,) = view["badRequestDetail"]["fields"]
    assert violation["field"] == "retentionInDays"
    assert violation["description"]


def test_null_attribute_is_ignored(api: Api) -> None:
    view = api.take(description=None, retentionInDays=None).json()

    assert "description" not in view
    assert view["expiresAt"] == "2026-09-02T00:00:00Z"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{}", "MISSING_ATTRIBUTE"),
        ('{"retentionUnit": "DAYS"}', "MISSING_ATTRIBUTE"),
        ('{"retentionValue": 3}', "MISSING_ATTRIBUTE"),
        ('{"retentionUnit": "HOURS", "retentionValue": 3}', "INVALID_ENUM_VALUE"),
        ('{"retentionUnit": "days", "retentionValue": 3}', "INVALID_ENUM_VALUE"),
        ('{"retentionUnit": 1, "retentionValue": 3}', "INVALID_ATTRIBUTE"),
        ('{"retentionUnit": "DAYS", "retentionValue": "3"}', "INVALID_ATTRIBUTE"),
        (
            '{"retentionUnit": "DAYS", "retentionValue": 0}',
            "BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID",
        ),
    ],
)
def test_invalid_change_of_retention_is_rejected(api: Api, body: str, code: str) -> None:
    snapshot_id = api.listed()[0]

    reply = api.send("PATCH", api.path(f"/{snapshot_id}"), body.encode())

    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/atlas/v2/groups/XYZ/clusters/C/backup/snapshots", 400, "INVALID_PATH_PARAMETER"),
        (f"/api/atlas/v2/groups/{'A' * 24}/clusters", 400, "INVALID_PATH_PARAMETER"),
        (f"/api/atlas/v2/groups/{'a' * 25}", 400, "INVALID_PATH_PARAMETER"),
        ("/api/atlas/v2/groups/byName/" + "n" * 65, 400, "INVALID_PATH_PARAMETER"),
        ("/api/atlas/v2/nothing", 404, "RESOURCE_NOT_FOUND"),
        ("/api/atlas/v2/groups/", 400, "INVALID_PATH_PARAMETER"),
        ("/api/atlas/v2", 404, "RESOURCE_NOT_FOUND"),
        ("/", 404, "RESOURCE_NOT_FOUND"),
        ("/api/atlas/v1.0/groups", 404, "RESOURCE_NOT_FOUND"),
    ],
)
def test_invalid_path_is_rejected(api: Api, path: str, status: int, code: str) -> None:
    reply = api.send("GET", path)

    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize("name", ["-C", "a_b", "%C3%9C", "a%20b", "a%2Fb", "%FF"])
def test_invalid_cluster_name_is_rejected(api: Api, name: str) -> None:
    reply = api.get(cluster=name)

    assert (reply.status, reply.code) == (400, "INVALID_PATH_PARAMETER")


@pytest.mark.parametrize("snapshot_id", ["x", "A" * 24, "a" * 23, "a" * 24 + "%0A"])
def test_invalid_snapshot_id_is_rejected(api: Api, snapshot_id: str) -> None:
    reply = api.get(f"/{snapshot_id}")

    assert (reply.status, reply.code) == (404, "INVALID_SNAPSHOT_ID")


def test_unknown_snapshot_is_not_found(api: Api) -> None:
    reply = api.get(f"/{'a' * 24}")

    assert (reply.status, reply.code) == (404, "SNAPSHOT_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "tail", "allowed"),
    [
        ("PUT", "", "GET, POST"),
        ("DELETE", "", "GET, POST"),
        ("POST", f"/{'a' * 24}", "GET, PATCH, DELETE"),
        ("PATCH", f"/shardedCluster/{'a' * 24}", "GET, DELETE"),
        ("OPTIONS", "/shardedClusters", "GET"),
    ],
)
def test_wrong_method_gets_405(api: Api, method: str, tail: str, allowed: str) -> None:
    reply = api.send(method, api.path(tail))

    assert reply.status == 405
    assert reply.headers["allow"] == allowed
    assert reply.code == "METHOD_NOT_ALLOWED"


def test_head_has_no_body(api: Api) -> None:
    reply = api.send("HEAD", api.path())

    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize(
    ("cluster", "status", "code"),
    [
        ("Flex0", 400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"),
        ("Free0", 400, "TENANT_CLUSTER_UPDATE_UNSUPPORTED"),
        ("NoBackup0", 400, "BACKUP_JOB_NOT_FOUND"),
        ("Paused0", 409, "CANNOT_UPDATE_PAUSED_CLUSTER"),
        ("Nowhere9", 404, "CLUSTER_NOT_FOUND"),
    ],
)
def test_take_of_unsupported_cluster_is_rejected(
    api: Api, cluster: str, status: int, code: str
) -> None:
    reply = api.take(cluster)

    assert (reply.status, reply.code) == (status, code)
    assert reply.json()["parameters"][0] == cluster
    assert reply.headers["x-error-code"] == code


def test_paused_cluster_can_be_allowed(api: Api) -> None:
    api.emulator.behaviour = replace(api.emulator.behaviour, paused_clusters="allow")

    assert api.take("Paused0").status == 200


def test_flex_cluster_is_rejected_by_cluster_api(api: Api) -> None:
    reply = api.send("GET", api.cluster_path("Flex0"))

    assert reply.code == "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"
