"""Rows of the fault matrix: the kinds of faults, and the expected outcomes.

R: retried within the budget. A: ambiguous, the server received one POST. F: a typed error.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A kind of fault, with the expected outcomes of reads and of a take."""

    title: str
    get: str
    take: str

    def expected_of(self, call: str) -> str:
        return self.take if call.startswith("take") else self.get


_REFRESH = "once more, with a new one"
_WAIT = "retried after at least 1 s; F at once if that exceeds total_timeout"

CONNECT = Row("DNS failure, connection refused, connect timeout", "R", "R")
TLS = Row("TLS: invalid or untrusted certificate", "F", "F")
PROXY_REJECTS = Row("A proxy responds with 401, 403 or 407, or does not support TLS", "F", "F")
PROXY_FAILS = Row("A proxy responds with 429, 5xx or no HTTP", "R", "R")
_RESENT = "resent at once, without a retry"
GO_AWAY = Row("HTTP/2: GOAWAY(NO_ERROR) below the stream", _RESENT, _RESENT)
REFUSED_STREAM = Row("HTTP/2: REFUSED_STREAM", _RESENT, _RESENT)
BROKEN = Row(
    "Reset or end of the connection before or after the request was read, stale keep-alive",
    "R",
    "A",
)
IDLE = Row("Idle connection that the server closed, before the next call", "no effect", "no effect")
FROZEN = Row("Process suspended while the server closes an idle connection", "-", "no effect")
CUT = Row(
    "Read timeout, slow response, half a head, half a body, wrong Content-Length, cut gzip",
    "R",
    "A",
)
LARGE = Row("Endless or huge body, gzip bomb, deep JSON", "F", "A")
INVALID_RESPONSE = Row("Invalid JSON, HTML with 200, 204, missing, null or bad id", "F", "A")
BUSY = Row("429 in every form of Retry-After", _WAIT, _WAIT)
SERVER_ERROR = Row("5xx, as JSON or HTML", "R", "A")
ATLAS_4XX = Row("Another 4xx of Atlas", "F", "F")
GATEWAY_4XX = Row("A 4xx without an error code of Atlas", "F", "A")
REQUEST_TIMEOUT = Row("408", "R", "A")
REDIRECT = Row("Redirects, also to another host", "F", "A")
EXPIRED = Row("401: token expired, digest stale", _REFRESH, _REFRESH)
UNAUTHORIZED = Row("A second 401; 403", "F", "F")
CLOCK = Row("Clock of the client off by an hour", "no effect", "no effect")
ODD_FIELDS = Row(
    "Unknown label, huge number, bad date, duplicate key, null list", "tolerated", "tolerated"
)
FORK = Row("Fork before or after first use", "child and parent work", "child and parent work")
SIGNAL = Row("SIGINT or SIGTERM while blocked", "returns", "returns, with the tag in the error")
CANCELLED = Row(
    "asyncio cancellation, loop closed, interpreter exit",
    "no hang, nothing on stderr",
    "no hang, nothing on stderr, noted as ambiguous",
)
KILLED = Row("Killed at any step, then run again with the same key", "-", "one snapshot")

ROWS = (
    CONNECT,
    TLS,
    PROXY_REJECTS,
    PROXY_FAILS,
    GO_AWAY,
    REFUSED_STREAM,
    BROKEN,
    IDLE,
    FROZEN,
    CUT,
    LARGE,
    INVALID_RESPONSE,
    BUSY,
    SERVER_ERROR,
    ATLAS_4XX,
    GATEWAY_4XX,
    REQUEST_TIMEOUT,
    REDIRECT,
    EXPIRED,
    UNAUTHORIZED,
    CLOCK,
    ODD_FIELDS,
    FORK,
    SIGNAL,
    CANCELLED,
    KILLED,
)
