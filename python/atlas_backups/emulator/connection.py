"""One connection: reads requests, lets faults have their way, sends answers."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import wire
from .errors import error_body, reason
from .journal import Entry, Journal, ReceivedRequest
from .message import Answer, Message
from .reader import BadRequest, RequestReader

if TYPE_CHECKING:
    import threading

    from .faults import Fault, FaultScript
    from .service import AtlasService

_DRAIN_SECONDS = 1.0
_DRAIN_READS = 256
Log = Callable[[ReceivedRequest], None]


class Exchange:
    """Serves connections, each on the thread that calls `serve`.

    Args:
        service: Gives the answers.
        script: Faults to come.
        journal: Where requests are written down.
        stopping: Set when the emulator stops; cuts every delay short.
        log: Called with every answered request; None: nobody. What it raises is recorded as a
            failure and costs no answer.
    """

    def __init__(
        self,
        service: AtlasService,
        script: FaultScript,
        journal: Journal,
        stopping: threading.Event,
        log: Log | None,
    ) -> None:
        self._service = service
        self._script = script
        self._journal = journal
        self._stopping = stopping
        self._log = log

    def serve(self, connection: socket.socket, peer: str) -> None:
        """Answer requests until the connection ends; never raises."""
        reader = RequestReader(connection, peer)
        with contextlib.suppress(OSError):
            while not self._stopping.is_set():
                try:
                    incoming = reader.next()
                except BadRequest as bad:
                    self._send(connection, self._nonsense(bad), keep_alive=False)
                    _drain(connection)
                    return
                if incoming is None:
                    return
                if not self._one(connection, incoming.message, keep_alive=incoming.keep_alive):
                    return

    def _one(self, connection: socket.socket, message: Message, *, keep_alive: bool) -> bool:
        fault = self._script.take(message)
        if fault is not None and fault.reset == "before":
            _reset(connection)
            return False
        entry = self._journal.received(message, self._service.clock.now())
        if fault is None:
            answer = self._service.answer(message)
            self._finish(entry, answer.status)
            self._send(connection, answer, keep_alive=keep_alive, method=message.method)
            return keep_alive
        return self._with_fault(connection, message, entry, fault, keep_alive=keep_alive)

    def _with_fault(
        self,
        connection: socket.socket,
        message: Message,
        entry: Entry,
        fault: Fault,
        *,
        keep_alive: bool,
    ) -> bool:
        answer = Answer(200, {"Content-Type": "application/json", "Server": "mdbws"})
        if fault.effect_after is not None:
            self._service.answer_later(message, fault.effect_after)
        elif fault.takes_effect:
            answer = self._service.answer(message)
        if fault.delay and self._stopping.wait(fault.delay):
            return False
        if fault.reset == "after":
            self._finish(entry, None)
            _reset(connection)
            return False
        if fault.raw is not None:
            self._finish(entry, None)
            connection.sendall(fault.raw)
            return False
        answer = _altered(answer, fault)
        self._finish(entry, answer.status)
        if fault.cut_body is None and not fault.byte_delay:
            self._send(connection, answer, keep_alive=keep_alive, method=message.method)
            return keep_alive and not fault.close
        connection.sendall(self._head(answer, keep_alive=keep_alive))
        body = answer.body if fault.cut_body is None else answer.body[: fault.cut_body]
        if not self._drip(connection, body, fault.byte_delay):
            return False
        return keep_alive and not fault.close and fault.cut_body is None

    def _drip(self, connection: socket.socket, body: bytes, delay: float) -> bool:
        if not delay:
            connection.sendall(body)
            return True
        for byte in body:
            if self._stopping.wait(delay):
                return False
            connection.sendall(bytes([byte]))
        return True

    def _finish(self, entry: Entry, status: int | None) -> None:
        # Before the answer leaves, so that whoever has it also finds it in the journal.
        entry.status = status
        if self._log is None:
            return
        try:
            self._log(entry.request())
        except Exception:  # noqa: BLE001 - the request took effect: its answer must leave
            self._service.record_failure()

    def _send(
        self, connection: socket.socket, answer: Answer, *, keep_alive: bool, method: str = ""
    ) -> None:
        body = b"" if method == "HEAD" else answer.body
        connection.sendall(self._head(answer, keep_alive=keep_alive) + body)

    def _head(self, answer: Answer, *, keep_alive: bool) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {reason(answer.status)}"]
        headers = {"Date": wire.http_date(self._service.clock.now()), **answer.headers}
        if answer.status != 204:  # noqa: PLR2004 - forbidden there (RFC 9110, section 8.6)
            headers.setdefault("Content-Length", str(len(answer.body)))
        if not keep_alive:
            headers["Connection"] = "close"
        lines += [f"{name}: {headers[name]}" for name in sorted(headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _nonsense(self, bad: BadRequest) -> Answer:
        body = error_body(bad.status, "MALFORMED_REQUEST", bad.detail)
        headers = {"Content-Type": "application/json", "X-Error-Code": "MALFORMED_REQUEST"}
        return Answer(bad.status, headers, wire.compact(body))


def _altered(answer: Answer, fault: Fault) -> Answer:
    status = answer.status if fault.status is None else fault.status
    body = answer.body
    if fault.status is not None or fault.body is not None:
        body = fault.body or b""
    headers = dict(answer.headers)
    for name, value in fault.headers.items():
        for present in [key for key in headers if key.lower() == name.lower()]:
            del headers[present]
        if value:
            headers[name] = value
    return Answer(status, headers, body)


def _drain(connection: socket.socket) -> None:
    # Closing with unread bytes would reset the connection and take the answer with it.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_DRAIN_SECONDS)
    for _ in range(_DRAIN_READS):
        if not connection.recv(65536):
            return


def _reset(connection: socket.socket) -> None:
    # A linger time of zero makes close() send RST instead of FIN.
    layout = "hh" if sys.platform == "win32" else "ii"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))
    connection.close()
