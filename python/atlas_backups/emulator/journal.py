"""What the emulator received, kept for tests to read."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .message import Header, Message

KEPT_REQUESTS = 200_000


@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """One request that was received in full.

    Args:
        method: HTTP method.
        path: Path as sent, without the query.
        query: What stood behind the question mark, as sent.
        headers: Header lines in their order.
        body: Body, without transfer coding.
        status: Status of the answer; None while there is none, or if the connection was reset.
        time: When it was received, in seconds since the epoch, on the emulator's clock.
    """

    method: str
    path: str
    query: str
    # Credentials stand in headers and forms, and a failing test prints its values.
    headers: tuple[Header, ...] = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None
    time: float

    def header(self, name: str) -> str | None:
        """Return a header's value, repeated ones joined by commas; None if absent."""
        wanted = name.lower()
        values = [header.value for header in self.headers if header.name.lower() == wanted]
        return ", ".join(values) if values else None

    def json(self) -> Any:  # noqa: ANN401 - whatever the client sent
        """Return the body read as JSON."""
        return json.loads(self.body)


class Entry:
    """A line of the journal, which learns its status later."""

    def __init__(self, message: Message, time: float) -> None:
        self._message = message
        self._time = time
        self.status: int | None = None

    def request(self) -> ReceivedRequest:
        """Return the line as it stands."""
        message = self._message
        return ReceivedRequest(
            method=message.method,
            path=message.path,
            query=message.query,
            headers=message.headers,
            body=message.body,
            status=self.status,
            time=self._time,
        )


class Journal:
    """All lines in the order of arrival, the newest `KEPT_REQUESTS`. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT_REQUESTS)

    def received(self, message: Message, time: float) -> Entry:
        """Add a line."""
        entry = Entry(message, time)
        with self._lock:
            self._entries.append(entry)
        return entry

    def requests(self) -> tuple[ReceivedRequest, ...]:
        """Return all lines."""
        with self._lock:
            return tuple(entry.request() for entry in self._entries)

    def clear(self) -> None:
        """Forget all lines."""
        with self._lock:
            self._entries.clear()
