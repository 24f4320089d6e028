"""Reads HTTP/1.1 requests from a socket, with limits and without trust."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .message import Header, Message

if TYPE_CHECKING:
    import socket

MOST_HEAD = 64 * 1024
MOST_BODY = 2 * 1024 * 1024
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DIGITS = re.compile(r"[0-9]{1,18}")
_HEX = re.compile(r"[0-9a-fA-F]{1,8}")


class BadRequest(Exception):  # noqa: N818 - an answer to the client, not a failure of ours
    """What was sent is no request; the connection ends after the answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class Incoming:
    """A request, and whether the connection goes on after it."""

    message: Message
    keep_alive: bool


class RequestReader:
    """Reads one request after the other. For one thread.

    Args:
        connection: A connected socket; its time-out bounds every wait.
        peer: Address of the other side.
    """

    def __init__(self, connection: socket.socket, peer: str) -> None:
        self._connection = connection
        self._peer = peer
        self._buffer = bytearray()

    def next(self) -> Incoming | None:
        """Return the next request, or None when the other side has ended.

        Raises:
            BadRequest: It cannot be understood.
            OSError: The connection broke, or nothing came in time.
        """
        head = self._head()
        if head is None:
            return None
        lines = head.split("\r\n")
        match = _REQUEST_LINE.fullmatch(lines[0])
        if match is None:
            raise BadRequest(400, "The request line cannot be read.")
        if match[3] != "1":
            raise BadRequest(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
        headers = tuple(_header(line) for line in lines[1:])
        bare = Message(match[1], match[2], headers, b"", self._peer)
        if match[4] != "0" and bare.header("Host") is None:
            raise BadRequest(400, "The Host header is missing.")
        body = self._body(bare)
        message = Message(match[1], _origin_form(match[2]), headers, body, self._peer)
        return Incoming(message, _keeps_alive(bare, old=match[4] == "0"))

    def _head(self) -> str | None:
        while True:
            # Empty lines before a request are allowed (RFC 9112, section 2.2).
            while self._buffer.startswith(b"\r\n"):
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n")
            if (len(self._buffer) if end < 0 else end) > MOST_HEAD:
                raise BadRequest(431, "The head of the request is too large.")
            if end >= 0:
                head = bytes(self._buffer[:end])
                del self._buffer[: end + 4]
                return head.decode("latin-1")
            if not self._more():
                return None

    def _more(self) -> bool:
        data = self._connection.recv(65536)
        self._buffer += data
        return bool(data)

    def _body(self, bare: Message) -> bytes:
        coding = bare.header("Transfer-Encoding")
        length = bare.header("Content-Length")
        if coding is None and length is None:
            return b""
        size = 0
        if coding is not None:
            if coding.strip().lower() != "chunked" or length is not None:
                raise BadRequest(400, "The length of the body is not clear.")
        else:
            sizes = {item.strip() for item in (length or "").split(",")}
            text = sizes.pop()
            if sizes or not _DIGITS.fullmatch(text):
                raise BadRequest(400, "The length of the body is not clear.")
            size = int(text)
            _check_size(size)
        if (bare.header("Expect") or "").lower() == "100-continue" and not self._buffer:
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._chunks() if coding is not None else self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self._more():
                raise ConnectionError("the body ended early")
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return body

    def _line(self) -> str:
        while True:
            end = self._buffer.find(b"\r\n")
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 2]
                return line.decode("latin-1")
            if len(self._buffer) > MOST_HEAD:
                raise BadRequest(400, "A chunk cannot be read.")
            if not self._more():
                raise ConnectionError("the body ended early")

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            text = self._line().partition(";")[0].strip()
            if not _HEX.fullmatch(text):
                raise BadRequest(400, "A chunk cannot be read.")
            size = int(text, 16)
            _check_size(len(body) + size)
            if not size:
                break
            body += self._exactly(size)
            if self._line():
                raise BadRequest(400, "A chunk cannot be read.")
        for _ in range(100):
            if not self._line():
                return bytes(body)
        raise BadRequest(431, "There are too many trailers.")


def _check_size(size: int) -> None:
    if size > MOST_BODY:
        raise BadRequest(413, "The body is too large.")


def _header(line: str) -> Header:
    name, colon, value = line.partition(":")
    if not colon or not _NAME.fullmatch(name):
        raise BadRequest(400, "A header line cannot be read.")
    value = value.strip(" \t")
    if any(character in value for character in "\r\n\0"):
        raise BadRequest(400, "A header line cannot be read.")
    return Header(name, value)


def _origin_form(target: str) -> str:
    if target.startswith("/"):
        return target
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in {"http", "https"}:
        return "/" + rest.partition("/")[2]
    raise BadRequest(400, "The request target must be a path.")


def _keeps_alive(message: Message, *, old: bool) -> bool:
    words = {word.strip().lower() for word in (message.header("Connection") or "").split(",")}
    return "keep-alive" in words if old else "close" not in words
