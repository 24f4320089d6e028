"""The rows of the fault matrix: what can go wrong, and what a call has to make of it.

R: repeated within the budget. A: ambiguous, and the server has received one POST. F: a typed error.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A kind of fault, and what is demanded of reads and of a take."""

    title: str
    get: str
    take: str

    def demanded_of(self, call: str) -> str:
        return self.take if call.startswith("take") else self.get


_SAME_ONCE_MORE = "once more, with a new one"
_WAIT = "waits at least 1 s and repeats; F now where that is beyond total_timeout"

UNREACHED = Row("DNS failure, connection refused, connect time-out", "R", "R")
TLS = Row("TLS: no trust in the other side", "F", "F")
PROXY_REJECTS = Row("A proxy answers 401, 403 or 407, or does not accept TLS", "F", "F")
PROXY_FAILS = Row("A proxy answers 429 or 5xx, or not in HTTP", "R", "R")
_AT_ONCE = "again at once, without a retry"
GO_AWAY = Row("HTTP/2: GOAWAY(NO_ERROR) below the stream", _AT_ONCE, _AT_ONCE)
REFUSED_STREAM = Row("HTTP/2: REFUSED_STREAM", _AT_ONCE, _AT_ONCE)
BROKEN = Row("Reset or end before or after the request was read, stale keep-alive", "R", "A")
IDLE = Row("Idle connection that the server closed, before the next call", "no effect", "no effect")
FROZEN = Row("Process frozen while the server closes an idle connection", "-", "no effect")
CUT = Row(
    "Read time-out, slow drip, half a head, half a body, wrong Content-Length, cut gzip", "R", "A"
)
LARGE = Row("Endless or huge body, gzip bomb, deep JSON", "F", "A")
NONSENSE = Row("Invalid JSON, HTML with 200, 204, missing, null or bad id", "F", "A")
BUSY = Row("429 in every form of Retry-After", _WAIT, _WAIT)
SERVER_ERROR = Row("5xx, as JSON or HTML", "R", "A")
REFUSED = Row("Another 4xx of Atlas", "F", "F")
FOREIGN = Row("A 4xx that is not Atlas' own", "F", "A")
REQUEST_TIMEOUT = Row("408", "R", "A")
REDIRECT = Row("Redirects, to another host too", "F", "A")
EXPIRED = Row("401: token expired, digest stale", _SAME_ONCE_MORE, _SAME_ONCE_MORE)
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
    UNREACHED,
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
    NONSENSE,
    BUSY,
    SERVER_ERROR,
    REFUSED,
    FOREIGN,
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
