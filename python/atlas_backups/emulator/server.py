"""Listens on a loopback port and gives every connection a thread."""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from atlas_backups._threads import DaemonThread

_BACKLOG = 2048
_STOP_SECONDS = 5.0

Serve = Callable[[socket.socket, str], None]


def check_loopback(host: str) -> str:
    """Return the IPv4 loopback address of a host.

    Raises:
        ValueError: It is another address: the emulator's credentials are public.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise ValueError(f"host must be an IPv4 loopback address, not {host!r}") from None
    if not address.is_loopback:
        raise ValueError(f"host must be an IPv4 loopback address, not {host!r}")
    return str(address)


def check_threads() -> None:
    """Check that threads are real, or that the client waits beside them, as under gevent.

    Raises:
        RuntimeError: eventlet has replaced them. A sync call would wait for a green thread that
            never runs.
    """
    patcher: Any = sys.modules.get("eventlet.patcher")
    if patcher and any(patcher.is_monkey_patched(name) for name in ("thread", "socket")):
        raise RuntimeError(
            "eventlet has replaced threads and sockets, so the emulator cannot answer a sync call "
            "of the same process: run `atlas-backups emulator` as a process of its own"
        )


class Listener:
    """Accepts connections until it is closed.

    Args:
        host: Loopback address.
        port: TCP port; 0: any that is free.
        serve: Called with every connection and its peer's address, on a thread of its own.
        idle_seconds: How long a connection may be silent before it is closed.
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
        """Stop listening, end all connections and wait for their threads."""
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
                    # Out of descriptors: give the others time to end.
                    time.sleep(0.01)
                    continue
                self._begin(connection, str(address[0]))

    def _begin(self, connection: socket.socket, peer: str) -> None:
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
            self._end(thread, connection)

    def _run(self, connection: socket.socket, peer: str) -> None:
        try:
            self._serve(connection, peer)
        finally:
            self._end(threading.current_thread(), connection)

    def _end(self, thread: threading.Thread, connection: socket.socket) -> None:
        # Under the lock, so that close() never shuts a descriptor that was given away again.
        with self._lock:
            self._open.pop(thread, None)
            connection.close()
