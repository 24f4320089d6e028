"""Broken connections, and responses that are incomplete or too slow."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import RequestTimeoutError, TransportError
from tests.faults.lab import CALLS, GET, RETRIES, Fault, check_success
from tests.faults.matrix_rows import BROKEN, CUT, IDLE
from tests.faults.service import good, service
from tests.raw_server import CLOSE, END, NEVER, READ, RESET, Choose, Delay, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_backups import AtlasError
    from tests.faults.lab import Call, Lab
    from tests.raw_server import Script, Step

SHORT_TIMEOUT = 0.8
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MANY_HEADERS = answer(200, "{}", {f"X-{number}": "x" for number in range(1000)})


def breaks(name: str, *steps: Step) -> Fault:
    return Fault(BROKEN, name, lambda _: steps, TransportError)


def cut(
    name: str, steps: Callable[[bytes], Script], cause: type[AtlasError] = TransportError
) -> Fault:
    """Change the valid response."""
    options = {"timeout": SHORT_TIMEOUT} if cause is RequestTimeoutError else {}
    return Fault(CUT, name, lambda request: steps(good(request)), cause, options)


def slow(name: str, steps: Callable[[bytes], Script]) -> Fault:
    return cut(name, steps, RequestTimeoutError)


def head_of(sent: bytes) -> bytes:
    return sent[: sent.index(b"\r\n\r\n") + 4]


def body_of(sent: bytes) -> bytes:
    return sent[len(head_of(sent)) :]


def dripping(sent: bytes) -> Script:
    return [step for byte in sent for step in (bytes([byte]), Delay(0.02))]


def zipped(sent: bytes, *, missing: int = 0) -> bytes:
    """Compress the body and drop its last bytes."""
    body = gzip.compress(body_of(sent))
    return answer(200, body[: len(body) - missing], {"Content-Encoding": "gzip"})


def with_length(sent: bytes, length: str) -> bytes:
    return answer(200, body_of(sent), {"Content-Length": length})


AFTER_READING = [breaks("end after the request", CLOSE), breaks("reset after the request", RESET)]
BEFORE_READING = [
    replace(breaks("end before the request was read", CLOSE), is_read=False),
    replace(breaks("reset before the request was read", RESET), is_read=False),
]
STALE = [
    replace(fault, name=f"stale keep-alive: {fault.name}", is_stale=True)
    for fault in (*AFTER_READING, *BEFORE_READING)
]
OVER_TLS = [
    replace(fault, name=f"TLS: {fault.name}", over_tls=True)
    for fault in (*AFTER_READING, STALE[0], STALE[1])
]
NO_HTTP = [
    breaks("another protocol", b"SSH-2.0-invalid\r\n", CLOSE),
    breaks("a thousand headers", MANY_HEADERS),
    breaks("a header of a megabyte", answer(200, "{}", {"X": "x" * (1 << 20)})),
]
# Over TLS, a body without a length ends with close_notify only.
UNANNOUNCED = Fault(
    BROKEN,
    "TLS: end of a body without length, not announced",
    lambda request: [b"HTTP/1.1 200 OK\r\n\r\n", body_of(good(request)), CLOSE],
    TransportError,
    over_tls=True,
)
CUTS = [
    slow("silence", lambda _: [NEVER]),
    slow("slow drip of the head", dripping),
    slow("slow drip of the body", lambda sent: [head_of(sent), *dripping(body_of(sent))]),
    slow("half a head, then silence", lambda sent: [sent[:20], NEVER]),
    slow("half a body, then silence", lambda sent: [sent[:-10], NEVER]),
    slow("Content-Length too long, then silence", lambda sent: [with_length(sent, "9999"), NEVER]),
    cut("half a head, then the end", lambda sent: [sent[:20], CLOSE]),
    cut("head only, then the end", lambda sent: [head_of(sent), CLOSE]),
    cut("half a body, then the end", lambda sent: [sent[:-10], CLOSE]),
    cut("half a body, then a reset", lambda sent: [sent[:-10], Delay(0.05), RESET]),
    cut("Content-Length too long, then the end", lambda sent: [with_length(sent, "9999"), CLOSE]),
    cut("Content-Length unreadable", lambda sent: [with_length(sent, "many")]),
    cut("two Content-Lengths", lambda sent: [with_length(sent, "2\r\nContent-Length: 3")]),
    cut("chunks without the last one", lambda sent: [CHUNKED, b"2\r\n", body_of(sent)[:2], CLOSE]),
    cut("chunk of unreadable size", lambda _: [CHUNKED, b"many\r\n"]),
    cut("cut gzip", lambda sent: [zipped(sent, missing=12)]),
    cut("cut gzip, then the end", lambda sent: [zipped(sent)[:-12], CLOSE]),
]


@pytest.mark.parametrize(
    "fault",
    [*AFTER_READING, *BEFORE_READING, *STALE, *OVER_TLS, *NO_HTTP, UNANNOUNCED, *CUTS],
    ids=str,
)
def test_broken_connections_and_incomplete_responses(lab: Lab, fault: Fault) -> None:
    lab.run_cases(fault)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_connection_closed_while_idle_has_no_effect(lab: Lab, call: Call) -> None:
    one_response: Script = [READ, Choose(lambda requests: [good(requests[-1])]), END, NEVER]
    server = lab.start(one_response, service())
    client = lab.connect(server, call, max_retries=RETRIES)
    GET.run(lab.flavor, client)
    server.wait_for_end_of_connection()

    outcome = call.run(lab.flavor, client)

    check_success(outcome)
    lab.record(IDLE, "closed while idle", call, outcome, server.requests[1:])


@pytest.mark.parametrize("call", [call for call in CALLS if not call.is_take], ids=str)
def test_read_is_retried_until_total_timeout(lab: Lab, call: Call) -> None:
    server = lab.start([READ, NEVER])
    client = lab.connect(server, call, timeout=0.1, total_timeout=2.0, max_retries=1000)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is RequestTimeoutError
    assert len(server.requests) > 1
    name = "silence, always, with any number of retries"
    place = {"call": call.name, "flavor": lab.flavor.name}
    lab.matrix.note(CUT, name, **place, outcome=type(outcome).__name__, received="several GET")
