"""The HTTP server: one thread per connection, scripted faults applied to responses."""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from atlas_backups._threads import DaemonThread

from .errors import error_body, reason
from .http_request import BadRequest, Request, RequestReader, Response
from .request_log import Entry, ReceivedRequest, RequestLog
from .serialization import http_date, to_json

if TYPE_CHECKING:
    from .faults import Fault, FaultScript
    from .service import AtlasService

_BACKLOG = 2048
_STOP_SECONDS = 5.0
_DRAIN_SECONDS = 1.0
_DRAIN_READS = 256

Serve = Callable[[socket.socket, str], None]
Log = Callable[[ReceivedRequest], None]


def check_loopback(host: str) -> str:
    """Return the IPv4 loopback address of a host.

    Raises:
        ValueError: The address is not loopback; the emulator's credentials are public.
    """
    if host == "localhost":
        return "127.0.0.1"
    with contextlib.suppress(ValueError):
        address = ipaddress.IPv4Address(host)
        if address.is_loopback:
            return str(address)
    raise ValueError(f"host must be an IPv4 loopback address, not {host!r}")


def check_threads() -> None:
    """Check that eventlet has not replaced threads or sockets; gevent is supported.

    Raises:
        RuntimeError: Under eventlet a sync call waits for a green thread that never runs.
    """
    patcher: Any = sys.modules.get("eventlet.patcher")
    if patcher and any(patcher.is_monkey_patched(name) for name in ("thread", "socket")):
        raise RuntimeError(
            "eventlet has replaced threads and sockets, so the emulator cannot serve a sync call "
            "of the same process: run `atlas-backups emulator` as a process of its own"
        )


class Listener:
    """Accepts connections until it is closed.

    Args:
        host: Loopback address.
        port: TCP port; 0: any free port.
        serve: Called with each connection and its peer's address, on a new thread.
        idle_seconds: How long a connection may be idle before it is closed.
    """

    def __init__(self, host: str, port: int, serve: Serve, idle_seconds: float) -> None:
        self._serve = serve
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._closing = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(_BACKLOG)
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)  # noqa: FBT003 - the name of the socket's own method
        # Closing a socket does not wake a thread that waits for it; a byte in this pair does.
        self._wake, self._waker = socket.socketpair()
        self._thread = DaemonThread(self._accept, name="atlas-emulator")
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening, shut down all connections and join their threads."""
        with self._lock:
            self._closing = True
        self._waker.send(b"x")
        self._thread.join(_STOP_SECONDS)
        for sock in (self._socket, self._wake, self._waker):
            sock.close()
        with self._lock:
            remaining = dict(self._open)
            for connection in remaining.values():
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _STOP_SECONDS
        for thread in remaining:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._wake in ready:
                    return
                try:
                    connection, address = self._socket.accept()
                except BlockingIOError:
                    continue
                except OSError:
                    time.sleep(0.01)  # out of descriptors: wait until connections close
                    continue
                self._start(connection, str(address[0]))

    def _start(self, connection: socket.socket, peer: str) -> None:
        thread = DaemonThread(self._run, connection, peer, name="atlas-emulator")
        with self._lock:
            if self._closing:
                connection.close()
                return
            self._open[thread] = connection
        try:
            connection.settimeout(self._idle_seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread.start()
        except (OSError, RuntimeError):
            self._remove(thread, connection)

    def _run(self, connection: socket.socket, peer: str) -> None:
        try:
            self._serve(connection, peer)
        finally:
            self._remove(threading.current_thread(), connection)

    def _remove(self, thread: threading.Thread, connection: socket.socket) -> None:
        # Closed under the lock, so that close() never shuts down a reused descriptor.
        with self._lock:
            self._open.pop(thread, None)
            connection.close()


class ConnectionHandler:
    """Serves connections, each on the thread that calls `serve`.

    Args:
        service: Produces the responses.
        script: Scripted faults.
        request_log: Records the requests.
        stopping: Set when the emulator stops; cancels every delay.
        log: Called with every handled request; None: nobody. Its exceptions are recorded as
            failures and do not affect the response.
    """

    def __init__(
        self,
        service: AtlasService,
        script: FaultScript,
        request_log: RequestLog,
        stopping: threading.Event,
        log: Log | None,
    ) -> None:
        self._service = service
        self._script = script
        self._request_log = request_log
        self._stopping = stopping
        self._log = log

    def serve(self, connection: socket.socket, peer: str) -> None:
        """Handle requests until the connection ends; never raises."""
        reader = RequestReader(connection, peer)
        with contextlib.suppress(OSError):
            while not self._stopping.is_set():
                try:
                    request = reader.next()
                except BadRequest as error:
                    self._send(connection, _bad_request(error), keep_alive=False)
                    _drain(connection)
                    return
                if request is None or not self._handle(connection, request):
                    return

    def _handle(self, connection: socket.socket, request: Request) -> bool:
        """Handle one request and return whether the connection stays open."""
        fault = self._script.take(request)
        if fault is not None and fault.reset == "before":
            _reset(connection)
            return False
        entry = self._request_log.add(request, self._service.clock.now())
        if fault is not None:
            return self._handle_with_fault(connection, request, entry, fault)
        response = self._service.handle(request)
        self._finish(entry, response.status)
        head_only = request.method == "HEAD"
        self._send(connection, response, keep_alive=request.keep_alive, head_only=head_only)
        return request.keep_alive

    def _handle_with_fault(
        self, connection: socket.socket, request: Request, entry: Entry, fault: Fault
    ) -> bool:
        response = Response(200, {"Content-Type": "application/json", "Server": "mdbws"})
        if fault.effect_after is not None:
            self._service.handle_later(request, fault.effect_after)
        elif fault.takes_effect:
            response = self._service.handle(request)
        if fault.delay and self._stopping.wait(fault.delay):
            return False
        if fault.reset == "after" or fault.raw is not None:
            self._finish(entry, None)
            if fault.reset == "after":
                _reset(connection)
            else:
                connection.sendall(fault.raw or b"")
            return False
        response = _apply_fault(response, fault)
        self._finish(entry, response.status)
        keep_alive = request.keep_alive
        if fault.cut_body is None and not fault.byte_delay:
            head_only = request.method == "HEAD"
            self._send(connection, response, keep_alive=keep_alive, head_only=head_only)
            return keep_alive and not fault.close
        self._send(connection, response, keep_alive=keep_alive, head_only=True)
        body = response.body if fault.cut_body is None else response.body[: fault.cut_body]
        if not self._throttle_body(connection, body, fault.byte_delay):
            return False
        return keep_alive and not fault.close and fault.cut_body is None

    def _throttle_body(self, connection: socket.socket, body: bytes, delay: float) -> bool:
        if not delay:
            connection.sendall(body)
            return True
        for byte in body:
            if self._stopping.wait(delay):
                return False
            connection.sendall(bytes([byte]))
        return True

    def _finish(self, entry: Entry, status: int | None) -> None:
        # Before the response is sent: a client that has it also finds it in the log.
        entry.status = status
        if self._log is None:
            return
        try:
            self._log(entry.snapshot())
        except Exception:  # noqa: BLE001 - the request took effect: its response must be sent
            self._service.record_failure()

    def _send(
        self,
        connection: socket.socket,
        response: Response,
        *,
        keep_alive: bool,
        head_only: bool = False,
    ) -> None:
        headers = {"Date": http_date(self._service.clock.now()), **response.headers}
        if response.status != 204:  # noqa: PLR2004 - forbidden there (RFC 9110, section 8.6)
            headers.setdefault("Content-Length", str(len(response.body)))
        if not keep_alive:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {response.status} {reason(response.status)}"]
        lines += [f"{name}: {headers[name]}" for name in sorted(headers)]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        connection.sendall(head if head_only else head + response.body)


def _bad_request(error: BadRequest) -> Response:
    body = error_body(error.status, "MALFORMED_REQUEST", error.detail)
    headers = {"Content-Type": "application/json", "X-Error-Code": "MALFORMED_REQUEST"}
    return Response(error.status, headers, to_json(body))


def _apply_fault(response: Response, fault: Fault) -> Response:
    status = response.status if fault.status is None else fault.status
    body = response.body
    if fault.status is not None or fault.body is not None:
        body = fault.body or b""
    replaced = {name.lower() for name in fault.headers}
    headers = {key: text for key, text in response.headers.items() if key.lower() not in replaced}
    headers |= {name: value for name, value in fault.headers.items() if value}
    return Response(status, headers, body)


def _drain(connection: socket.socket) -> None:
    # Closing with unread bytes resets the connection, and the client loses the response.
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
