from __future__ import annotations

import inspect
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import AtlasEmulator, Behaviour, Fault, Limits

if TYPE_CHECKING:
    from .conftest import Api, Run


def threads() -> int:
    return sum(thread.name == "atlas-emulator" for thread in threading.enumerate())


def test_connection_is_kept_alive(api: Api) -> None:
    connection = api.connect()

    statuses = [api.send("GET", api.path(), connection=connection).status for _ in range(3)]
    first = connection.sock
    api.send("GET", api.path(), connection=connection)

    assert statuses == [200] * 3
    assert connection.sock is first
    assert threads() == 2


def test_default_idle_timeout_exceeds_a_minute() -> None:
    assert inspect.signature(AtlasEmulator).parameters["idle_seconds"].default >= 60


def test_idle_connection_is_closed_after_idle_seconds(run: Run) -> None:
    api = run(idle_seconds=0.1)
    connection = api.connect()
    api.send("GET", api.path(), connection=connection)

    assert connection.sock.recv(1) == b""


def test_requests_can_be_pipelined(api: Api) -> None:
    one = f"GET {api.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    received = api.raw(one * 3)

    assert received.count(b"HTTP/1.1 401 ") == 3


@pytest.mark.parametrize(
    ("version", "header", "closes"),
    [
        ("1.1", "", False),
        ("1.1", "Connection: close\r\n", True),
        ("1.0", "", True),
        ("1.0", "Connection: Keep-Alive\r\n", False),
    ],
)
def test_connection_header_is_honoured(api: Api, version: str, header: str, closes: bool) -> None:
    request = f"GET {api.path()} HTTP/{version}\r\nHost: x\r\n{header}\r\n".encode()

    with socket.create_connection(api.address, timeout=30) as connection:
        connection.sendall(request)
        received = connection.recv(65536)
        connection.settimeout(30 if closes else 0.2)
        try:
            ended = connection.recv(1) == b""
        except TimeoutError:
            ended = False

    assert (b"Connection: close" in received) is closes
    assert ended is closes


def test_chunked_body_is_read(api: Api) -> None:
    token = api.emulator.credential("access_token").secret
    request = (
        f"POST {api.path()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/vnd.atlas.2025-03-12+json\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
        '6;note=1\r\n{"desc\r\n12\r\nription": "parts"}\r\n0\r\nTrailer: x\r\n\r\n'
    )

    received = api.raw(request.encode())

    assert received.startswith(b"HTTP/1.1 200 ")
    assert api.emulator.requests[0].json() == {"description": "parts"}


def test_expect_100_continue_is_supported(api: Api) -> None:
    head = (
        f"POST {api.path()} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        "Content-Length: 2\r\n\r\n"
    )
    with socket.create_connection(api.address, timeout=30) as connection:
        connection.sendall(head.encode())
        first = connection.recv(100)
        connection.sendall(b"{}")
        second = connection.recv(1000)

    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert second.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413),
        (f"GET / HTTP/1.1\r\nHost: {'x' * 70_000}\r\n\r\n", 431),
        (f"GET / HTTP/1.1\r\nHost: {'x' * 70_000}", 431),
    ],
)
def test_malformed_request_gets_atlas_error(api: Api, request_text: str, status: int) -> None:
    received = api.raw(request_text.encode())

    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    assert b'"errorCode":"MALFORMED_REQUEST"' in received
    assert api.emulator.requests == ()


def test_incomplete_request_is_not_recorded(api: Api) -> None:
    received = api.raw(
        f"POST {api.path()} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{{}}".encode()
    )

    assert received == b""
    assert api.emulator.requests == ()


def test_absolute_form_target_is_accepted(api: Api) -> None:
    target = f"{api.emulator.base_url}/api/atlas/v2/groups"
    token = api.emulator.credential("access_token").secret

    received = api.raw(
        f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/vnd.atlas.2025-03-12+json\r\n\r\n".encode()
    )

    assert received.startswith(b"HTTP/1.1 200 ")


def test_requests_are_recorded(api: Api) -> None:
    api.send("POST", api.path("?pretty=true"), b'{"description":"x"}', {"X-Mine": "1"})

    (request,) = api.emulator.requests

    assert request.method == "POST"
    assert request.path == api.path()
    assert request.query == "pretty=true"
    assert request.header("x-mine") == "1"
    assert request.header("x-other") is None
    assert request.json() == {"description": "x"}
    assert request.status == 200
    assert request.time == api.clock.now()


def test_clear_requests(api: Api) -> None:
    api.get()

    api.emulator.clear_requests()

    assert api.emulator.requests == ()


def test_repr_contains_no_secret(api: Api) -> None:
    api.token()
    api.take()

    shown = repr((api.emulator, api.emulator.requests, api.emulator.world, api.emulator.snapshots))

    for credential in api.emulator.world.credentials:
        assert credential.secret not in shown


def test_one_of_concurrent_takes_succeeds(run: Run) -> None:
    api = run()

    with ThreadPoolExecutor(32) as pool:
        replies = [pool.submit(api.take) for _ in range(32)]
        statuses = [reply.result().status for reply in replies]

    assert sorted(statuses) == [200] + [400] * 31


def test_hundreds_of_concurrent_connections(run: Run) -> None:
    api = run(limits=Limits(snapshots=None))
    connections = [socket.create_connection(api.address, timeout=30) for _ in range(400)]
    try:
        for connection in connections:
            connection.sendall(f"GET {api.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        responses = [connection.recv(12) for connection in connections]
    finally:
        for connection in connections:
            connection.close()

    assert responses == [b"HTTP/1.1 401"] * 400


def test_stop_is_immediate_with_open_connections(run: Run) -> None:
    api = run()
    idle = api.connect()
    api.send("GET", api.path(), connection=idle)
    api.emulator.fault(Fault(delay=60))
    waiting = api.connect()
    waiting.request("GET", api.path())
    while len(api.emulator.requests) < 2:
        time.sleep(0.005)

    started = time.monotonic()
    api.emulator.stop()

    assert time.monotonic() - started < 4  # it gives up on what does not end after 5 s
    assert threads() == 0


def test_restart_keeps_port_and_state(run: Run) -> None:
    api = run()
    snapshot_id = api.taken()
    address = api.emulator.base_url

    api.emulator.stop()
    with pytest.raises(ConnectionRefusedError):
        api.get()
    api.emulator.start()

    assert api.emulator.base_url == address
    assert api.get(f"/{snapshot_id}").status == 200


def test_second_start_is_rejected(api: Api) -> None:
    with pytest.raises(RuntimeError, match="already running"):
        api.emulator.start()


def test_second_stop_has_no_effect(api: Api) -> None:
    api.emulator.stop()
    api.emulator.stop()


def test_base_url_requires_start() -> None:
    with pytest.raises(RuntimeError, match="start the emulator first"):
        _ = AtlasEmulator().base_url


def test_port_in_use_is_an_error(api: Api) -> None:
    other = AtlasEmulator(port=api.address[1])

    with pytest.raises(OSError, match="in use"):
        other.start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::1", ""])  # noqa: S104
def test_only_loopback_host_is_accepted(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        AtlasEmulator(host=host)


@pytest.mark.parametrize(
    "options",
    [
        {"snapshot_seconds": -1.0},
        {"snapshot_seconds": float("nan")},
        {"idle_seconds": 0.0},
        {"base_path": "proxy"},
        {"base_path": "/proxy/"},
    ],
)
def test_invalid_option_is_rejected(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        AtlasEmulator(**options)  # type: ignore[arg-type]


def test_base_path_precedes_all_paths(run: Run) -> None:
    api = run(base_path="/proxy/atlas")

    outside = api.send("GET", api.path())
    inside = api.send("GET", f"/proxy/atlas{api.path()}?itemsPerPage=1")
    token = api.send("POST", "/proxy/atlas/api/oauth/token", b"")

    assert api.emulator.base_url.endswith("/proxy/atlas")
    assert outside.status == 404
    assert inside.status == 200
    link = inside.json()["results"][0]["links"][0]["href"]
    assert link.startswith(f"{api.emulator.base_url}/api/atlas/v2/groups/")
    assert token.json()["error"] == "invalid_client"


def test_behaviour_can_be_changed_at_runtime(api: Api) -> None:
    api.taken()

    api.emulator.behaviour = Behaviour(busy_check_lag_seconds=None)

    assert api.take().status == 200
