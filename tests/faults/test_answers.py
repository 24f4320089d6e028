"""Answers that came whole: errors, what is no snapshot, and redirects."""

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
from tests.faults.fault import Fault
from tests.faults.rows import (
    FOREIGN,
    NONSENSE,
    REFUSED,
    REQUEST_TIMEOUT,
    SERVER_ERROR,
    UNAUTHORIZED,
)
from tests.faults.service import good
from tests.raw_server import Received, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasError
    from tests.faults.lab import Lab
    from tests.faults.rows import Row

HTML = "<html><body><h1>Something else</h1></body></html>"
# The last byte but eight belongs to the checksum.
FLIPPED = bytearray(gzip.compress(json.dumps({"results": [queued()], "totalCount": 1}).encode()))
FLIPPED[-8] ^= 1


def sends(row: Row, name: str, cause: type[AtlasError], sent: bytes) -> Fault:
    return Fault(row, name, lambda _: [sent], cause)


def nonsense(name: str, body: bytes | str, **headers: str) -> Fault:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return sends(NONSENSE, name, InvalidResponseError, answer(200, body, fields))


def bad_id(name: str, value: object) -> Fault:
    def steps(request: Received) -> list[bytes]:
        return [good(request, id=value)]

    return Fault(NONSENSE, name, steps, InvalidResponseError)


def of_atlas(status: int, code: str, cause: type[AtlasError], row: Row = REFUSED) -> Fault:
    missing = status == 404 and cause is not ClusterNotFoundError
    sent = answer(status, error(status, code))
    return Fault(row, f"{status} {code}", lambda _: [sent], cause, means_missing=missing)


def of_a_gateway(status: int, cause: type[AtlasError]) -> list[Fault]:
    bodies = {"as HTML": HTML, "empty": "", "as JSON without a code": '{"message": "no"}'}
    faults = [
        sends(FOREIGN, f"{status} {name}", cause, answer(status, body))
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
NO_SNAPSHOTS = [
    nonsense("invalid JSON", '{"id": '),
    nonsense("JSON longer than its Content-Length", '{"id": "6b1f"}', Content_Length="9"),
    nonsense("HTML", HTML, Content_Type="text/html"),
    nonsense("HTML that calls itself JSON", HTML),
    nonsense("empty body", ""),
    sends(NONSENSE, "204", InvalidResponseError, b"HTTP/1.1 204 No Content\r\n\r\n"),
    sends(NONSENSE, "202 without a body", InvalidResponseError, answer(202)),
    nonsense("null", "null"),
    nonsense("a list", "[]"),
    nonsense("a text", '"text"'),
    nonsense("an object without anything", "{}"),
    nonsense("no UTF-8", b'{"id": "\xff\xfe"}'),
    nonsense("gzip that is none", b"no gzip at all", Content_Encoding="gzip"),
    nonsense("gzip with a flipped bit", bytes(FLIPPED), Content_Encoding="gzip"),
    bad_id("null id", None),
    bad_id("empty id", ""),
    bad_id("id that is a number", 7),
    bad_id("id that is too short", SNAPSHOT_ID[:-1]),
    bad_id("id that is a path", "../../../../groups/x/clu"),
]
REFUSALS = [
    of_atlas(400, "VALIDATION_ERROR", ValidationError),
    of_atlas(400, "A_NEW_CODE", BadRequestError),
    of_atlas(402, "NO_PAYMENT_INFORMATION_FOUND", PaymentRequiredError),
    of_atlas(404, "CLUSTER_NOT_FOUND", ClusterNotFoundError),
    of_atlas(404, "SNAPSHOT_NOT_FOUND", SnapshotNotFoundError),
    of_atlas(405, "METHOD_NOT_ALLOWED", MethodNotAllowedError),
    of_atlas(406, "INVALID_VERSION_DATE", NotAcceptableError),
    of_atlas(409, "CLUSTER_IS_PAUSED", ConflictError),
    of_atlas(410, "VERSION_GONE", GoneError),
    of_atlas(415, "UNSUPPORTED_MEDIA_TYPE", ApiError),
    of_atlas(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", IpAccessListError, UNAUTHORIZED),
    of_atlas(403, "A_NEW_CODE", ForbiddenError, UNAUTHORIZED),
    sends(REFUSED, "407", ApiError, answer(407, HTML)),
]
FOREIGN_REFUSALS = [
    *of_a_gateway(400, BadRequestError),
    *of_a_gateway(401, UnauthorizedError),
    *of_a_gateway(403, ForbiddenError),
    *of_a_gateway(404, NotFoundError),
    *of_a_gateway(409, ConflictError),
    *of_a_gateway(413, ApiError),
    *of_a_gateway(418, ApiError),
]
REQUEST_TIMEOUTS = [
    sends(REQUEST_TIMEOUT, "408 as HTML", ApiError, answer(408, HTML)),
    sends(REQUEST_TIMEOUT, "408 of Atlas", ApiError, answer(408, error(408, "A_CODE"))),
]


ALL = [*SERVER_ERRORS, *NO_SNAPSHOTS, *REFUSALS, *FOREIGN_REFUSALS, *REQUEST_TIMEOUTS]


@pytest.mark.parametrize("fault", ALL, ids=str)
def test_an_answer_that_is_not_what_was_asked_for(lab: Lab, fault: Fault) -> None:
    lab.suffer_at_once(fault)
