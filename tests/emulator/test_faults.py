from __future__ import annotations

import http.client
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault

if TYPE_CHECKING:
    from .conftest import Api


def count_new(api: Api) -> int:
    return sum(item.requested_at == api.clock.now() for item in api.emulator.snapshots)


def test_status_replaces_response_without_effect(api: Api) -> None:
    headers = {"Content-Type": "text/html", "Retry-After": "7"}
    api.emulator.fault(Fault(method="POST", status=503, headers=headers, body=b"<html>busy"))

    reply = api.take()

    assert (reply.status, reply.body) == (503, b"<html>busy")
    assert reply.headers["content-type"] == "text/html"
    assert reply.headers["retry-after"] == "7"
    assert count_new(api) == 0
    assert api.emulator.requests[-1].status == 503


def test_status_with_effect_replaces_response_only(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", status=502, effect=True))

    reply = api.take()

    assert (reply.status, reply.body) == (502, b"")
    assert count_new(api) == 1


def test_reset_before_has_no_effect(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", reset="before"))

    with pytest.raises(ConnectionError):
        api.take()

    assert count_new(api) == 0
    assert api.emulator.requests == ()


@pytest.mark.parametrize(("effect", "count"), [(None, 1), (True, 1), (False, 0)])
def test_reset_after_records_request_without_status(
    api: Api, effect: bool | None, count: int
) -> None:
    api.emulator.fault(Fault(method="POST", reset="after", effect=effect))

    with pytest.raises(ConnectionError):
        api.take()

    assert count_new(api) == count
    (request,) = api.emulator.requests
    assert (request.method, request.status) == ("POST", None)


def test_cut_body_truncates_body(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", cut_body=10))

    with pytest.raises(http.client.IncompleteRead) as caught:
        api.take()

    assert len(caught.value.partial) == 10
    assert count_new(api) == 1


def test_raw_replaces_response(api: Api) -> None:
    api.emulator.fault(Fault(raw=b"HTTP/1.1 200 OK\r\nContent-Le"))

    received = api.raw(f"GET {api.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert received == b"HTTP/1.1 200 OK\r\nContent-Le"


def test_empty_raw_closes_connection(api: Api) -> None:
    api.emulator.fault(Fault(raw=b"", effect=True))

    with pytest.raises(http.client.RemoteDisconnected):
        api.take()

    assert count_new(api) == 1


def test_delay_follows_effect(api: Api) -> None:
    api.emulator.fault(Fault(delay=0.2))

    started = time.monotonic()
    reply = api.take()

    assert time.monotonic() - started >= 0.2
    assert reply.status == 200


def test_byte_delay_throttles_body(api: Api) -> None:
    api.emulator.fault(Fault(status=200, body=b"12345", byte_delay=0.02))

    started = time.monotonic()
    reply = api.get()

    assert reply.body == b"12345"
    assert time.monotonic() - started >= 0.1


def test_headers_change_response_of_operation(api: Api) -> None:
    api.emulator.fault(Fault(headers={"sunset": "soon", "Content-Type": "", "X-More": "1"}))

    reply = api.take()

    assert reply.status == 200
    assert reply.headers["sunset"] == "soon"
    assert reply.headers["x-more"] == "1"
    assert "content-type" not in reply.headers
    assert count_new(api) == 1


def test_body_keeps_status_of_operation(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", body=b"{"))

    reply = api.take()

    assert (reply.status, reply.body) == (200, b"{")
    assert count_new(api) == 1


def test_close_closes_connection_without_header(api: Api) -> None:
    api.emulator.fault(Fault(close=True))
    connection = api.connect()

    reply = api.send("GET", api.path(), connection=connection)

    assert reply.status == 200
    assert "connection" not in reply.headers
    assert connection.sock.recv(1) == b""


def test_effect_after_delays_operation(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", status=504, effect_after=60))

    reply = api.take(description="late")
    at_once = count_new(api)
    api.clock.advance(59)
    before = [item for item in api.emulator.snapshots if item.description == "late"]
    api.clock.advance(31)
    (landed,) = [item for item in api.emulator.snapshots if item.description == "late"]

    assert reply.status == 504
    assert at_once == 0
    assert before == []
    assert int(landed.id[:8], 16) == int(api.clock.now()) - 30
    assert landed.status == "inProgress"


def test_delayed_operation_is_checked_when_it_runs(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", reset="after", effect_after=60))
    with pytest.raises(ConnectionError):
        api.take(description="late")

    api.taken(description="on time")
    api.clock.advance(60)

    found = [item.description for item in api.emulator.snapshots]
    assert "on time" in found
    assert "late" not in found


def test_unauthenticated_delayed_operation_never_runs(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", status=504, effect_after=0))

    api.send("POST", api.path(), b"{}", {"Authorization": "Bearer x"})

    assert count_new(api) == 0


def test_faults_apply_in_order(api: Api) -> None:
    api.emulator.fault(Fault(status=500, times=2))
    last = api.emulator.fault(Fault(status=503))

    first = api.get().status
    left = [fault.remaining for fault in api.emulator.faults]
    rest = [api.get().status for _ in range(3)]

    assert [first, *rest] == [500, 500, 503, 200]
    assert left == [1, 1]
    assert last.remaining == 0
    assert api.emulator.faults == ()


def test_fault_without_times_limit_stays(api: Api) -> None:
    fault = api.emulator.fault(Fault(status=500, times=None))

    statuses = [api.get().status for _ in range(5)]
    api.emulator.clear_faults()

    assert statuses == [500] * 5
    assert fault.remaining is None
    assert api.get().status == 200


def test_nth_selects_first_request(api: Api) -> None:
    api.emulator.fault(Fault(method="GET", nth=3, status=500, times=2))

    assert [api.get().status for _ in range(5)] == [200, 200, 500, 500, 200]


@pytest.mark.parametrize(
    "path", ["/backup/", "snapshots", re.compile(r"/clusters/[^/]+/backup/snapshots$")]
)
def test_path_selects_requests(api: Api, path: str | re.Pattern[str]) -> None:
    api.emulator.fault(Fault(path=path, status=500))

    other = api.send("GET", "/api/atlas/v2/groups")

    assert other.status == 200
    assert api.get().status == 500


def test_fault_applies_to_token_endpoint(api: Api) -> None:
    api.emulator.fault(Fault(path="/api/oauth/token", status=503))

    assert api.token().status == 503
    assert api.token().status == 200


def test_fault_error_has_atlas_format(api: Api) -> None:
    fault = Fault.error(409, "ATLAS_CLUSTER_RESTORE_IN_PROGRESS", "Restoring C.", ("C", 7))
    api.emulator.fault(replace(fault, method="POST"))

    reply = api.take()

    assert reply.status == 409
    assert reply.headers["x-error-code"] == "ATLAS_CLUSTER_RESTORE_IN_PROGRESS"
    assert reply.json() == {
        "detail": "Restoring C.",
        "error": 409,
        "errorCode": "ATLAS_CLUSTER_RESTORE_IN_PROGRESS",
        "parameters": ["C", 7],
        "reason": "Conflict",
    }


def test_fault_allows_any_status_and_redirects(api: Api) -> None:
    api.emulator.fault(Fault(status=307, headers={"Location": "http://127.0.0.1:1/"}))
    api.emulator.fault(Fault(status=599))

    assert api.get().headers["location"] == "http://127.0.0.1:1/"
    assert api.get().status == 599


@pytest.mark.parametrize(
    "options",
    [
        {"nth": 0},
        {"times": 0},
        {"delay": -1.0},
        {"delay": float("nan")},
        {"byte_delay": float("inf")},
        {"cut_body": -1},
        {"effect": False},
        {"effect_after": 1.0},
        {"reset": "before", "effect": True},
    ],
)
def test_invalid_fault_is_rejected(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Fault(**options)  # type: ignore[arg-type]
