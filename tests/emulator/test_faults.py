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


def held(api: Api) -> int:
    return sum(item.requested_at == api.clock.now() for item in api.emulator.snapshots)


def test_an_answer_can_be_replaced_without_effect(api: Api) -> None:
    headers = {"Content-Type": "text/html", "Retry-After": "7"}
    api.emulator.fault(Fault(method="POST", status=503, headers=headers, body=b"<html>busy"))

    reply = api.take()

    assert (reply.status, reply.body) == (503, b"<html>busy")
    assert reply.headers["content-type"] == "text/html"
    assert reply.headers["retry-after"] == "7"
    assert held(api) == 0
    assert api.emulator.requests[-1].status == 503


def test_an_answer_can_be_lost_after_the_operation_took_effect(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", status=502, effect=True))

    reply = api.take()

    assert (reply.status, reply.body) == (502, b"")
    assert held(api) == 1


def test_a_reset_before_is_a_request_that_never_came(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", reset="before"))

    with pytest.raises(ConnectionError):
        api.take()

    assert held(api) == 0
    assert api.emulator.requests == ()


@pytest.mark.parametrize(("effect", "count"), [(None, 1), (True, 1), (False, 0)])
def test_a_reset_after_leaves_a_request_without_status(
    api: Api, effect: bool | None, count: int
) -> None:
    api.emulator.fault(Fault(method="POST", reset="after", effect=effect))

    with pytest.raises(ConnectionError):
        api.take()

    assert held(api) == count
    (request,) = api.emulator.requests
    assert (request.method, request.status) == ("POST", None)


def test_a_body_can_be_cut(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", cut_body=10))

    with pytest.raises(http.client.IncompleteRead) as caught:
        api.take()

    assert len(caught.value.partial) == 10
    assert held(api) == 1


def test_raw_bytes_can_stand_for_the_whole_answer(api: Api) -> None:
    api.emulator.fault(Fault(raw=b"HTTP/1.1 200 OK\r\nContent-Le"))

    received = api.raw(f"GET {api.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert received == b"HTTP/1.1 200 OK\r\nContent-Le"


def test_raw_bytes_may_be_none_at_all(api: Api) -> None:
    api.emulator.fault(Fault(raw=b"", effect=True))

    with pytest.raises(http.client.RemoteDisconnected):
        api.take()

    assert held(api) == 1


def test_a_delay_comes_after_the_effect(api: Api) -> None:
    api.emulator.fault(Fault(delay=0.2))

    started = time.monotonic()
    reply = api.take()

    assert time.monotonic() - started >= 0.2
    assert reply.status == 200


def test_a_body_can_drip(api: Api) -> None:
    api.emulator.fault(Fault(status=200, body=b"12345", byte_delay=0.02))

    started = time.monotonic()
    reply = api.get()

    assert reply.body == b"12345"
    assert time.monotonic() - started >= 0.1


def test_headers_alone_change_the_operations_own_answer(api: Api) -> None:
    api.emulator.fault(Fault(headers={"sunset": "soon", "Content-Type": "", "X-More": "1"}))

    reply = api.take()

    assert reply.status == 200
    assert reply.headers["sunset"] == "soon"
    assert reply.headers["x-more"] == "1"
    assert "content-type" not in reply.headers
    assert held(api) == 1


def test_a_body_alone_keeps_the_operations_status(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", body=b"{"))

    reply = api.take()

    assert (reply.status, reply.body) == (200, b"{")
    assert held(api) == 1


def test_a_connection_can_be_closed_without_a_word(api: Api) -> None:
    api.emulator.fault(Fault(close=True))
    connection = api.connect()

    reply = api.send("GET", api.path(), connection=connection)

    assert reply.status == 200
    assert "connection" not in reply.headers
    assert connection.sock.recv(1) == b""


def test_an_operation_can_land_late(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", status=504, effect_after=60))

    reply = api.take(description="late")
    at_once = held(api)
    api.clock.advance(59)
    before = [item for item in api.emulator.snapshots if item.description == "late"]
    api.clock.advance(31)
    (landed,) = [item for item in api.emulator.snapshots if item.description == "late"]

    assert reply.status == 504
    assert at_once == 0
    assert before == []
    assert int(landed.id[:8], 16) == int(api.clock.now()) - 30
    assert landed.status == "inProgress"


def test_what_lands_late_obeys_the_rules_of_that_moment(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", reset="after", effect_after=60))
    with pytest.raises(ConnectionError):
        api.take(description="late")

    api.taken(description="on time")
    api.clock.advance(60)

    found = [item.description for item in api.emulator.snapshots]
    assert "on time" in found
    assert "late" not in found


def test_a_request_that_is_not_let_in_never_lands(api: Api) -> None:
    api.emulator.fault(Fault(method="POST", status=504, effect_after=0))

    api.send("POST", api.path(), b"{}", {"Authorization": "Bearer x"})

    assert held(api) == 0


def test_faults_are_used_up_in_order(api: Api) -> None:
    api.emulator.fault(Fault(status=500, times=2))
    last = api.emulator.fault(Fault(status=503))

    first = api.get().status
    left = [fault.remaining for fault in api.emulator.faults]
    rest = [api.get().status for _ in range(3)]

    assert [first, *rest] == [500, 500, 503, 200]
    assert left == [1, 1]
    assert last.remaining == 0
    assert api.emulator.faults == ()


def test_a_fault_without_end_stays(api: Api) -> None:
    fault = api.emulator.fault(Fault(status=500, times=None))

    statuses = [api.get().status for _ in range(5)]
    api.emulator.clear_faults()

    assert statuses == [500] * 5
    assert fault.remaining is None
    assert api.get().status == 200


def test_a_fault_can_wait_for_the_nth_request(api: Api) -> None:
    api.emulator.fault(Fault(method="GET", nth=3, status=500, times=2))

    assert [api.get().status for _ in range(5)] == [200, 200, 500, 500, 200]


@pytest.mark.parametrize(
    "path", ["/backup/", "snapshots", re.compile(r"/clusters/[^/]+/backup/snapshots$")]
)
def test_a_fault_can_be_for_some_paths_only(api: Api, path: str | re.Pattern[str]) -> None:
    api.emulator.fault(Fault(path=path, status=500))

    other = api.send("GET", "/api/atlas/v2/groups")

    assert other.status == 200
    assert api.get().status == 500


def test_a_fault_works_at_the_token_endpoint(api: Api) -> None:
    api.emulator.fault(Fault(path="/api/oauth/token", status=503))

    assert api.token().status == 503
    assert api.token().status == 200


def test_an_error_of_atlas_shape_is_quickly_made(api: Api) -> None:
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


def test_any_status_and_redirects_can_be_answered(api: Api) -> None:
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
def test_a_fault_without_sense_cannot_be_made(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Fault(**options)  # type: ignore[arg-type]
