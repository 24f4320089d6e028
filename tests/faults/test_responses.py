"""Complete responses: errors, and bodies that are no snapshot."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    ApiError,
    BadRequestError,
    ClusterNotFoundError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidResponseError,
    IpAccessListError,
    MethodNotAllowedError,
    NotAcceptableError,
    NotFoundError,
    PaymentRequiredError,
    ServerError,
    ServiceUnavailableError,
    SnapshotNotFoundError,
    UnauthorizedError,
    UnexpectedServerError,
    ValidationError,
)
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.faults.lab import Fault
from tests.faults.matrix_rows import (
    ATLAS_4XX,
    GATEWAY_4XX,
    INVALID_RESPONSE,
    REQUEST_TIMEOUT,
    SERVER_ERROR,
    UNAUTHORIZED,
)
from tests.faults.service import good
from tests.raw_server import Received, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasError
    from tests.faults.lab import Lab
    from tests.faults.matrix_rows import Row

HTML = "<html><body><h1>Something else</h1></body></html>"
# This byte belongs to the checksum.
FLIPPED = bytearray(gzip.compress(json.dumps({"results": [queued()], "totalCount": 1}).encode()))
FLIPPED[-8] ^= 1


def sends(row: Row, name: str, cause: type[AtlasError], sent: bytes) -> Fault:
    return Fault(row, name, lambda _: [sent], cause)


def invalid(name: str, body: bytes | str, **headers: str) -> Fault:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return sends(INVALID_RESPONSE, name, InvalidResponseError, answer(200, body, fields))


def bad_id(name: str, value: object) -> Fault:
    def steps(request: Received) -> list[bytes]:
        return [good(request, id=value)]

    return Fault(INVALID_RESPONSE, name, steps, InvalidResponseError)


def atlas_error(status: int, code: str, cause: type[AtlasError], row: Row = ATLAS_4XX) -> Fault:
    missing = status == 404 and cause is not ClusterNotFoundError
    sent = answer(status, error(status, code))
    return Fault(row, f"{status} {code}", lambda _: [sent], cause, means_missing=missing)


def gateway_errors(status: int, cause: type[AtlasError]) -> list[Fault]:
    bodies = {"as HTML": HTML, "empty": "", "as JSON without a code": '{"message": "no"}'}
    faults = [
        sends(GATEWAY_4XX, f"{status} {name}", cause, answer(status, body))
        for name, body in bodies.items()
    ]
    return [replace(fault, means_missing=status == 404) for fault in faults]


SERVER_ERRORS = [
    sends(SERVER_ERROR, f"{status} as {form}", cause, answer(status, body))
    for status, named in (
        (500, UnexpectedServerError),
        (502, ServerError),
        (503, ServiceUnavailableError),
        (504, ServerError),
    )
    for form, body, cause in (
        ("JSON", error(status, "UNEXPECTED_ERROR"), named),
        ("HTML", HTML, ServerError if status == 500 else named),
    )
]
INVALID_RESPONSES = [
    invalid("invalid JSON", '{"id": '),
    invalid("JSON longer than its Content-Length", '{"id": "6b1f"}', Content_Length="9"),
    invalid("HTML", HTML, Content_Type="text/html"),
    invalid("HTML that calls itself JSON", HTML),
    invalid("empty body", ""),
    sends(INVALID_RESPONSE, "204", InvalidResponseError, b"HTTP/1.1 204 No Content\r\n\r\n"),
    sends(INVALID_RESPONSE, "202 without a body", InvalidResponseError, answer(202)),
    invalid("null", "null"),
    invalid("a list", "[]"),
    invalid("a text", '"text"'),
    invalid("an object without anything", "{}"),
    invalid("no UTF-8", b'{"id": "\xff\xfe"}'),
    invalid("gzip that is none", b"no gzip at all", Content_Encoding="gzip"),
    invalid("gzip with a flipped bit", bytes(FLIPPED), Content_Encoding="gzip"),
    bad_id("null id", None),
    bad_id("empty id", ""),
    bad_id("id that is a number", 7),
    bad_id("id that is too short", SNAPSHOT_ID[:-1]),
    bad_id("id that is a path", "../../../../groups/x/clu"),
]
ATLAS_ERRORS = [
    atlas_error(400, "VALIDATION_ERROR", ValidationError),
    atlas_error(400, "A_NEW_CODE", BadRequestError),
    atlas_error(402, "NO_PAYMENT_INFORMATION_FOUND", PaymentRequiredError),
    atlas_error(404, "CLUSTER_NOT_FOUND", ClusterNotFoundError),
    atlas_error(404, "SNAPSHOT_NOT_FOUND", SnapshotNotFoundError),
    atlas_error(405, "METHOD_NOT_ALLOWED", MethodNotAllowedError),
    atlas_error(406, "INVALID_VERSION_DATE", NotAcceptableError),
    atlas_error(409, "CLUSTER_IS_PAUSED", ConflictError),
    atlas_error(410, "VERSION_GONE", GoneError),
    atlas_error(415, "UNSUPPORTED_MEDIA_TYPE", ApiError),
    atlas_error(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", IpAccessListError, UNAUTHORIZED),
    atlas_error(403, "A_NEW_CODE", ForbiddenError, UNAUTHORIZED),
    sends(ATLAS_4XX, "407", ApiError, answer(407, HTML)),
]
GATEWAY_ERRORS = [
    *gateway_errors(400, BadRequestError),
    *gateway_errors(401, UnauthorizedError),
    *gateway_errors(403, ForbiddenError),
    *gateway_errors(404, NotFoundError),
    *gateway_errors(409, ConflictError),
    *gateway_errors(413, ApiError),
    *gateway_errors(418, ApiError),
]
REQUEST_TIMEOUTS = [
    sends(REQUEST_TIMEOUT, "408 as HTML", ApiError, answer(408, HTML)),
    sends(REQUEST_TIMEOUT, "408 of Atlas", ApiError, answer(408, error(408, "A_CODE"))),
]


ALL = [*SERVER_ERRORS, *INVALID_RESPONSES, *ATLAS_ERRORS, *GATEWAY_ERRORS, *REQUEST_TIMEOUTS]


@pytest.mark.parametrize("fault", ALL, ids=str)
def test_error_and_invalid_responses(lab: Lab, fault: Fault) -> None:
    lab.run_cases(fault)
