"""Error bodies: details of Atlas, and foreign bodies of gateways."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    AmbiguousOutcomeError,
    FieldViolation,
    RateLimitError,
    ServerError,
    ValidationError,
)
from tests.bodies import error
from tests.flavor import BRIEF
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor

RUBBISH = [
    pytest.param(b"", id="empty"),
    pytest.param(b"   \r\n ", id="white space"),
    pytest.param(b"<html><body>" + b"x" * 5000 + b"</body></html>", id="html"),
    pytest.param(b'{"errorCode": "CLUSTER_NOT_', id="truncated"),
    pytest.param(b"\xff\xfe\x00\x80" * 50, id="not UTF-8"),
    pytest.param(b'{"detail": "\xff"}', id="JSON, but not UTF-8"),
    pytest.param(b"y" * (10 << 20), id="10 MiB"),
    pytest.param(json.dumps(error(503, "X", "z" * (10 << 20))).encode(), id="10 MiB of JSON"),
    pytest.param(b"[" * 10_000, id="deep"),
    pytest.param(b"null", id="null"),
    pytest.param(b'"text"', id="text"),
    pytest.param(b"[1, 2]", id="list"),
    pytest.param(b"\x1b[31mred\x1b[0m\x00\r\nX-Evil: 1", id="terminal codes"),
]


@pytest.mark.parametrize("body", RUBBISH)
@pytest.mark.parametrize("status", [503, 429])
def test_unreadable_error_body_gives_a_typed_error_with_a_short_message(
    flavor: ClientFlavor, serve: Serve, status: int, body: bytes
) -> None:
    _, client = serve(always(answer(status, body)), max_retries=0, total_timeout=BRIEF)

    with pytest.raises((AmbiguousOutcomeError, RateLimitError)) as caught:
        flavor.take(client)

    cause: Any = getattr(caught.value, "cause", caught.value)
    assert isinstance(cause, ServerError if status == 503 else RateLimitError)
    assert cause.status == status
    assert len(str(cause)) < 1000
    assert str(cause).isprintable()
    assert all(part.isprintable() for part in str(caught.value).splitlines())


def test_message_quotes_an_excerpt_of_a_foreign_body(flavor: ClientFlavor, serve: Serve) -> None:
    page = answer(503, "<html><h1>CloudFront  \n says no</h1></html>")
    _, client = serve(always(page), total_timeout=BRIEF)

    with pytest.raises(AmbiguousOutcomeError, match="CloudFront says no"):
        flavor.take(client)


def test_field_violations_are_in_attributes_and_message(flavor: ClientFlavor, serve: Serve) -> None:
    fields = [
        {"field": "retentionInDays", "description": "must be positive"},
        {"description": "something else"},
        {"field": None, "description": None, "new": 1},
    ]
    body = error(400, "VALIDATION_ERROR", badRequestDetail={"fields": fields})
    _, client = serve(always(answer(400, body)))

    with pytest.raises(ValidationError, match=r"\[retentionInDays: must be positive\]") as caught:
        flavor.take(client)

    assert caught.value.field_violations == (
        FieldViolation(field="retentionInDays", description="must be positive"),
        FieldViolation(field=None, description="something else"),
        FieldViolation(field=None, description=None),
    )


@pytest.mark.parametrize(("given", "seconds"), [("0", 0.0), ("17", 17.0), ("soon", None)])
def test_retry_after_is_the_value_of_the_server(
    flavor: ClientFlavor, serve: Serve, given: str, seconds: float | None
) -> None:
    busy = answer(429, error(429, "RATE_LIMITED"), {"Retry-After": given})
    _, client = serve(always(busy), max_retries=0)

    with pytest.raises(RateLimitError) as caught:
        flavor.take(client)

    assert caught.value.retry_after == seconds
