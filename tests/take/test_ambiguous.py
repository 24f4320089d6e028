"""A take whose outcome is unknown raises an ambiguous outcome and is not repeated."""

# ruff: noqa: ANN401, PLR0913  # fixtures and rows of tables
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    AmbiguousOutcomeError,
    ApiError,
    AtlasError,
    ServerError,
    ServiceUnavailableError,
    TransportError,
    UnexpectedServerError,
)
from tests.bodies import error, queued
from tests.flavor import BRIEF, PATH
from tests.raw_server import CLOSE, READ, RESET, Delay, answer

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
def test_server_error_is_ambiguous(  # a table row and two fixtures
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
def test_connection_lost_after_the_request_is_ambiguous(
    flavor: ClientFlavor, serve: Serve, steps: tuple[Step, ...]
) -> None:
    caught, _ = ambiguous(flavor, serve, *steps)

    assert type(caught.cause) is TransportError


def test_message_has_one_hint_and_the_cause_its_own(flavor: ClientFlavor, serve: Serve) -> None:
    caught, _ = ambiguous(flavor, serve, answer(403, b"<html>"))

    assert isinstance(caught.cause, ApiError)
    assert caught.cause.hint is not None
    assert f"Hint: {caught.cause.hint} [POST" in str(caught.cause)
    assert caught.cause.hint not in str(caught)
    assert str(caught).count("Hint:") == 1
