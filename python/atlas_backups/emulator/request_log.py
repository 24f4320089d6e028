"""The log of received requests, which tests read."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .http_request import Header, Request, find_header

MAX_ENTRIES = 200_000


@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """One request that was received in full.

    Args:
        method: HTTP method.
        path: Path as sent, without the query.
        query: Query string as sent.
        headers: Header lines in order.
        body: Body, without transfer coding.
        status: Status of the response; None before it is sent, or if the connection was reset.
        time: When it was received, in seconds since the epoch, on the emulator's clock.
    """

    method: str
    path: str
    query: str
    # Headers and forms contain credentials, and a failing test prints its values.
    headers: tuple[Header, ...] = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None
    time: float

    def header(self, name: str) -> str | None:
        """Return a header's value, repeated ones joined by commas; None if absent."""
        return find_header(self.headers, name)

    def json(self) -> Any:  # noqa: ANN401 - whatever the client sent
        """Return the body parsed as JSON."""
        return json.loads(self.body)


@dataclass
class Entry:
    """A request in the log; its status is set when the response is sent."""

    request: Request
    time: float
    status: int | None = None

    def snapshot(self) -> ReceivedRequest:
        """Return the entry in its current state."""
        request = self.request
        return ReceivedRequest(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
            status=self.status,
            time=self.time,
        )


class RequestLog:
    """The newest `MAX_ENTRIES` requests in order of arrival. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)

    def add(self, request: Request, time: float) -> Entry:
        """Append a request."""
        entry = Entry(request, time)
        with self._lock:
            self._entries.append(entry)
        return entry

    def requests(self) -> tuple[ReceivedRequest, ...]:
        """Return all requests."""
        with self._lock:
            return tuple(entry.snapshot() for entry in self._entries)

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._entries.clear()
