"""HTTP/1.1 messages, and a strict parser of requests.

`http.server` is not used: it accepts ambiguous body lengths, repeated `Content-Length` and bare
line feeds, has no chunked bodies, and does not limit the body. Clients are tested against a server
that rejects these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 2 * 1024 * 1024
_MAX_TRAILERS = 100
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DIGITS = re.compile(r"[0-9]{1,18}")
_HEX = re.compile(r"[0-9a-fA-F]{1,8}")


class Header(NamedTuple):
    """One header line, with the name spelled as sent."""

    name: str
    value: str


def find_header(headers: Iterable[Header], name: str) -> str | None:
    """Return a header's value, repeated ones joined by commas; None if absent."""
    wanted = name.lower()
    values = [header.value for header in headers if header.name.lower() == wanted]
    return ", ".join(values) if values else None


@dataclass(frozen=True)
class Request:
    """A request that was received in full; `target` is undecoded."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes
    peer: str = "127.0.0.1"
    keep_alive: bool = True

    @property
    def path(self) -> str:
        """The path as sent, not decoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query string as sent, not decoded."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Return a header's value, repeated ones joined by commas; None if absent."""
        return find_header(self.headers, name)


@dataclass(frozen=True)
class Response:
    """A response, before `Date`, `Content-Length` and `Connection` are added."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class BadRequest(Exception):  # noqa: N818 - an error of the client
    """The bytes are not a valid request; the connection is closed after the response."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class RequestReader:
    """Reads successive requests from one connection. Not thread-safe.

    Args:
        connection: A connected socket, whose timeout bounds every read.
        peer: Address of the client.
    """

    def __init__(self, connection: socket.socket, peer: str) -> None:
        self._connection = connection
        self._peer = peer
        self._buffer = bytearray()

    def next(self) -> Request | None:
        """Return the next request, or None at the end of the stream.

        Raises:
            BadRequest: The request is malformed or too large.
            OSError: The connection failed or timed out.
        """
        head = self._read_head()
        if head is None:
            return None
        lines = head.split("\r\n")
        match = _REQUEST_LINE.fullmatch(lines[0])
        if match is None:
            raise BadRequest(400, "The request line cannot be read.")
        method, target, major, minor = match.groups()
        if major != "1":
            raise BadRequest(505, "Only HTTP/1.0 and HTTP/1.1 are supported.")
        headers = tuple(_parse_header(line) for line in lines[1:])
        if minor != "0" and find_header(headers, "Host") is None:
            raise BadRequest(400, "The Host header is missing.")
        body = self._read_body(headers)
        keep_alive = _keeps_alive(find_header(headers, "Connection"), http_1_0=minor == "0")
        return Request(method, _origin_form(target), headers, body, self._peer, keep_alive)

    def _read_head(self) -> str | None:
        while True:
            # Empty lines before a request are allowed (RFC 9112, section 2.2).
            while self._buffer.startswith(b"\r\n"):
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n")
            if (len(self._buffer) if end < 0 else end) > MAX_HEAD_BYTES:
                raise BadRequest(431, "The request head is too large.")
            if end >= 0:
                return self._consume(end, skip=4).decode("latin-1")
            if not self._fill():
                return None

    def _fill(self) -> bool:
        data = self._connection.recv(65536)
        self._buffer += data
        return bool(data)

    def _consume(self, size: int, *, skip: int = 0) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[: size + skip]
        return data

    def _read_body(self, headers: tuple[Header, ...]) -> bytes:
        coding = find_header(headers, "Transfer-Encoding")
        length = find_header(headers, "Content-Length")
        if coding is None and length is None:
            return b""
        size = 0
        if coding is not None:
            if coding.strip().lower() != "chunked" or length is not None:
                raise BadRequest(400, "The length of the body is ambiguous.")
        else:
            sizes = {item.strip() for item in (length or "").split(",")}
            text = sizes.pop()
            if sizes or not _DIGITS.fullmatch(text):
                raise BadRequest(400, "The length of the body is ambiguous.")
            size = int(text)
            _check_size(size)
        expects = find_header(headers, "Expect") or ""
        if expects.lower() == "100-continue" and not self._buffer:
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._read_chunks() if coding is not None else self._read_exactly(size)

    def _read_exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self._fill():
                raise ConnectionError("the body ended early")
        return self._consume(size)

    def _read_line(self) -> str:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BadRequest(400, "A chunk is malformed.")
            if not self._fill():
                raise ConnectionError("the body ended early")
        return self._consume(end, skip=2).decode("latin-1")

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            text = self._read_line().partition(";")[0].strip()
            if not _HEX.fullmatch(text):
                raise BadRequest(400, "A chunk is malformed.")
            size = int(text, 16)
            _check_size(len(body) + size)
            if not size:
                break
            body += self._read_exactly(size)
            if self._read_line():
                raise BadRequest(400, "A chunk is malformed.")
        for _ in range(_MAX_TRAILERS):
            if not self._read_line():
                return bytes(body)
        raise BadRequest(431, "There are too many trailers.")


def _check_size(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise BadRequest(413, "The body is too large.")


def _parse_header(line: str) -> Header:
    name, colon, value = line.partition(":")
    value = value.strip(" \t")
    if not colon or not _NAME.fullmatch(name) or any(char in value for char in "\r\n\0"):
        raise BadRequest(400, "A header line is malformed.")
    return Header(name, value)


def _origin_form(target: str) -> str:
    if target.startswith("/"):
        return target
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in {"http", "https"}:
        return "/" + rest.partition("/")[2]
    raise BadRequest(400, "The request target must be a path.")


def _keeps_alive(connection: str | None, *, http_1_0: bool) -> bool:
    options = {option.strip().lower() for option in (connection or "").split(",")}
    return "keep-alive" in options if http_1_0 else "close" not in options
