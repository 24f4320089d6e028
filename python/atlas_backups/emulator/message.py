"""A request as it was read from the wire, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Header(NamedTuple):
    """One header line, the name spelled as it came."""

    name: str
    value: str


@dataclass(frozen=True)
class Message:
    """A request that has been received in full.

    `target` is the request line's, `path` the part before the question mark.
    """

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes
    peer: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The path as sent, not decoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What stands behind the question mark, not decoded."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Return a header's value, repeated ones joined by commas; None if absent."""
        wanted = name.lower()
        values = [header.value for header in self.headers if header.name.lower() == wanted]
        return ", ".join(values) if values else None


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
