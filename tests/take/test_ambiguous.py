"""Whatever leaves it open whether the snapshot was taken: said so, and never posted again."""

# ruff: noqa: ANN401, PLR0913  # fixtures and rows of tables
from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    AmbiguousOutcomeError,
    ApiError,
    AtlasError,
    InvalidResponseError,
    RequestTimeoutError,
    ServerError,
    ServiceUnavailableError,
    TransportError,
    UnexpectedServerError,
)
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.flavor import BRIEF, PATH
from tests.raw_server import CLOSE, NEVER, READ, RESET, Delay, Repeat, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import RawServer, Step

HTML = "<html><body><h1>Bad Gateway</h1></body></html>"
GOOD = answer(200, queued())
HEAD_END = GOOD.index(b"\r\n\r\n") + 4


def ambiguous(
    flavor: ClientFlavor, serve: Serve, *steps: Step, **options: Any
) -> tuple[AmbiguousOutcomeError, RawServer]:
    """Take from a server that does the steps, and check what is true of every such end."""
    server, client = serve([READ, *steps], **{"total_timeout": BRIEF, **options})
    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client)
    assert [(request.method, request.target) for request in server.requests] == [("POST", PATH)]
    assert server.connections == 1
    assert isinstance(caught.value.cause, AtlasError)
    assert caught.value.__cause__ is caught.value.cause
    assert (caught.value.idempotency_tag, caught.value.candidates) == (None, ())
    return caught.value, server


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (500, "UNEXPECTED_ERROR", UnexpectedServerError),
        (500, "NEW_CODE", ServerError),
        (501, "NEW_CODE", ServerError),
        (502, "UNEXPECTED_ERROR", ServerError),
        (503, "SERVICE_UNAVAILABLE", ServiceUnavailableError),
        (504, "NEW_CODE", ServerError),
        (599, "NEW_CODE", ServerError),
    ],
)
def test_a_server_error(  # a table row and two fixtures
    flavor: ClientFlavor, serve: Serve, status: int, code: str, cause: type[ApiError], *, html: bool
) -> None:
    body = HTML if html else error(status, code)

    caught, _ = ambiguous(flavor, serve, answer(status, body, {"Retry-After": "1"}))

    expected = ServerError if html and cause is UnexpectedServerError else cause
    assert type(caught.cause) is expected
    assert isinstance(caught.cause, ApiError)
    assert caught.cause.status == status
    assert caught.cause.error_code == (None if html else code)


@pytest.mark.parametrize(
    "answer_sent",
    [
        pytest.param(answer(200, HTML, {"Content-Type": "text/html"}), id="html"),
        pytest.param(answer(200, b""), id="empty"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="204"),
        pytest.param(answer(200, "null"), id="null"),
        pytest.param(answer(200, "[]"), id="list"),
        pytest.param(answer(200, '"text"'), id="text"),
        pytest.param(answer(200, '{"id": '), id="half JSON"),
        pytest.param(answer(200, b'{"id": "\xff\xfe"}'), id="not UTF-8"),
        pytest.param(answer(200, {}), id="no id"),
        pytest.param(answer(200, {"status": "queued", "type": "replicaSet"}), id="only no id"),
        pytest.param(answer(200, "[" * 100_000), id="deep"),
        pytest.param(answer(200, '{"a":' * 5000 + "1" + "}" * 5000), id="deep object"),
        pytest.param(answer(200, {"id": SNAPSHOT_ID, "x": "y" * (9 << 20)}), id="9 MiB"),
    ],
)
def test_an_answer_that_is_no_snapshot(
    flavor: ClientFlavor, serve: Serve, answer_sent: bytes
) -> None:
    caught, _ = ambiguous(flavor, serve, answer_sent)

    assert type(caught.cause) is InvalidResponseError
    assert len(str(caught)) < 700


@pytest.mark.parametrize(
    "bad_id",
    [
        None,
        "",
        7,
        [7],
        SNAPSHOT_ID[:-1],
        SNAPSHOT_ID + "0",
        SNAPSHOT_ID.upper(),
        SNAPSHOT_ID + "\n",
        "../../../../groups/x/clu",
        "zb1f0c3e2a88faeba59de4aa",
    ],
)
def test_an_id_that_is_none(flavor: ClientFlavor, serve: Serve, bad_id: object) -> None:
    caught, _ = ambiguous(flavor, serve, answer(200, queued(id=bad_id)))

    assert type(caught.cause) is InvalidResponseError
    assert "id" in str(caught.cause)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((CLOSE,), id="end without a byte"),
        pytest.param((RESET,), id="reset without a byte"),
        pytest.param((GOOD[:20], CLOSE), id="half a head"),
        pytest.param((GOOD[:HEAD_END], CLOSE), id="head only"),
        pytest.param((GOOD[:-10], CLOSE), id="cut body"),
        pytest.param((GOOD[:-10], Delay(0.05), RESET), id="reset in the body"),
        pytest.param((b"SSH-2.0-nonsense\r\n", CLOSE), id="another protocol"),
    ],
)
def test_a_connection_that_breaks_after_the_request(
    flavor: ClientFlavor, serve: Serve, steps: tuple[Step, ...]
) -> None:
    caught, _ = ambiguous(flavor, serve, *steps)

    assert type(caught.cause) is TransportError


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((NEVER,), id="silence"),
        pytest.param((GOOD[:20], NEVER), id="half a head"),
        pytest.param((GOOD[:-10], NEVER), id="half a body"),
        pytest.param((GOOD[:HEAD_END], Repeat([b" ", Delay(0.02)])), id="slow drip"),
        pytest.param((answer(200, b"{}", {"Content-Length": "9999"}), NEVER), id="length too long"),
    ],
)
@pytest.mark.parametrize(("option", "seconds"), [("timeout", 0.2), ("total_timeout", 0.8)])
def test_a_time_out_after_sending(
    flavor: ClientFlavor, serve: Serve, steps: tuple[Step, ...], option: str, seconds: float
) -> None:
    begun = time.monotonic()

    caught, server = ambiguous(flavor, serve, *steps, **{option: seconds})

    assert seconds - 0.01 < time.monotonic() - begun < 10
    assert type(caught.cause) is RequestTimeoutError
    assert option in str(caught)
    server.wait_for_end_of_connection()


def test_an_endless_body_is_not_read_to_the_end(flavor: ClientFlavor, serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    caught, _ = ambiguous(flavor, serve, head, Repeat([chunk]))

    assert type(caught.cause) is InvalidResponseError
    assert "larger" in str(caught)


@pytest.mark.parametrize("body", [HTML, "", '{"message": "no"}', "[]", '{"errorCode": 7}'])
@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 418])
def test_a_refusal_that_is_not_atlas_own(
    flavor: ClientFlavor, serve: Serve, status: int, body: str
) -> None:
    caught, _ = ambiguous(flavor, serve, answer(status, body))

    assert isinstance(caught.cause, ApiError)
    assert caught.cause.status == status


@pytest.mark.parametrize("body", [HTML, json.dumps(error(408, "REQUEST_TIMEOUT"))])
def test_a_408(flavor: ClientFlavor, serve: Serve, body: str) -> None:
    caught, _ = ambiguous(flavor, serve, answer(408, body))

    assert isinstance(caught.cause, ApiError)
    assert caught.cause.status == 408


def test_its_message_has_one_hint_and_its_cause_keeps_its_own(
    flavor: ClientFlavor, serve: Serve
) -> None:
    caught, _ = ambiguous(flavor, serve, answer(403, b"<html>"))

    assert isinstance(caught.cause, ApiError)
    assert caught.cause.hint is not None
    assert str(caught.cause).endswith(caught.cause.hint)
    assert caught.cause.hint not in str(caught)
    assert str(caught).count("Hint:") == 1
