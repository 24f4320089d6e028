"""Property tests: every input gets a response, never a 500."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas_backups.emulator import AtlasEmulator, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["description", "retentionInDays", "retentionUnit", "retentionValue", "links", "other"]
)
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


@pytest.fixture(scope="module")
def emulator() -> Iterator[AtlasEmulator]:
    limits = Limits(snapshots=None, clusters=None, token_requests_per_minute=None)
    with AtlasEmulator(limits=limits, snapshot_seconds=0) as emulator:
        yield emulator
        assert emulator.failures == ()


def exchange(emulator: AtlasEmulator, data: bytes) -> bytes:
    host, _, port = emulator.base_url.removeprefix("http://").partition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
    return received


def request(
    emulator: AtlasEmulator, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    lines = {
        "Host": "x",
        "Accept": "application/vnd.atlas.2025-03-12+json",
        "Authorization": f"Bearer {emulator.credential('access_token').secret}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items())
    response = exchange(emulator, head.encode("latin-1") + b"\r\n" + body)
    head_bytes, _, content = response.partition(b"\r\n\r\n")
    return int(head_bytes.split(b" ", 2)[1]), content


def path(emulator: AtlasEmulator, tail: str = "") -> str:
    group = f"/api/atlas/v2/groups/{emulator.group_id}"
    return f"{group}/clusters/{emulator.cluster_name}/backup/snapshots{tail}"


def check(status: int, content: bytes) -> None:
    assert status < 500, content
    if status >= 400:
        view = json.loads(content)
        assert view["error"] == status
        assert view["errorCode"]


@QUICK
@given(st.dictionaries(FIELDS, JSON, max_size=4) | JSON)
def test_take_accepts_or_rejects_any_json(emulator: AtlasEmulator, value: object) -> None:
    check(*request(emulator, "POST", path(emulator), json.dumps(value).encode()))


@QUICK
@given(st.dictionaries(FIELDS, JSON, max_size=4), st.integers(0, 4))
def test_change_of_retention_accepts_or_rejects_any_json(
    emulator: AtlasEmulator, value: object, index: int
) -> None:
    snapshot_id = emulator.snapshots[index % len(emulator.snapshots)].id
    body = json.dumps(value).encode()

    check(*request(emulator, "PATCH", path(emulator, f"/{snapshot_id}"), body))


@QUICK
@given(st.integers(1, 2**31 - 1), st.sampled_from(["DAYS", "WEEKS", "MONTHS", "YEARS"]))
def test_any_retention_is_accepted(emulator: AtlasEmulator, value: int, unit: str) -> None:
    snapshot_id = next(item.id for item in emulator.snapshots if item.cluster_name == "Cluster0")
    body = json.dumps({"retentionUnit": unit, "retentionValue": value}).encode()

    status, content = request(emulator, "PATCH", path(emulator, f"/{snapshot_id}"), body)

    assert status == 200
    assert json.loads(content)["expiresAt"].endswith("Z")


@QUICK
@given(st.binary(max_size=200))
def test_take_rejects_any_bytes(emulator: AtlasEmulator, body: bytes) -> None:
    check(*request(emulator, "POST", path(emulator), body))


@QUICK
@given(TEXT, TEXT)
def test_any_path_and_query_gets_response(emulator: AtlasEmulator, tail: str, query: str) -> None:
    tail = tail.replace("?", "")

    check(*request(emulator, "GET", f"{path(emulator)}/{tail}?{query}"))
    check(*request(emulator, "GET", f"/api/atlas/v2/{tail}"))
    check(*request(emulator, "GET", f"/{tail}"))


@QUICK
@given(st.sampled_from(["Digest ", "Basic ", "Bearer ", ""]), TEXT)
def test_any_authorization_gets_401(emulator: AtlasEmulator, scheme: str, text: str) -> None:
    status, _ = request(emulator, "GET", path(emulator), Authorization=scheme + text)
    token_status, content = request(
        emulator, "POST", "/api/oauth/token", b"", Authorization=scheme + text
    )

    assert status == 401
    assert token_status == 401
    assert json.loads(content)["error"] == "invalid_client"


@QUICK
@given(TEXT, TEXT)
def test_any_media_type_gets_response(emulator: AtlasEmulator, accept: str, sent: str) -> None:
    check(*request(emulator, "GET", path(emulator), Accept=accept))
    check(*request(emulator, "POST", path(emulator), b"{}", Content_Type=sent))


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes_end_connection(emulator: AtlasEmulator, data: bytes) -> None:
    received = exchange(emulator, data)

    assert not received or received.startswith(b"HTTP/1.1 ")
