"""What may stand between a client and the emulator: a TLS front and an HTTP proxy.

Each listens on a free loopback port from `__enter__` to `__exit__`, a thread per connection.
"""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

Address: TypeAlias = tuple[str, int]
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
MAX_HEAD_BYTES = 65536
# Longer than any step takes on a slow machine.
HANG_SECONDS = 30.0


def address_of(base_url: str) -> Address:
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


class Listener:
    """Accepts connections and sends nothing; with a context, after a TLS handshake.

    Attributes:
        accepted: number of connections.
        handshakes: number of completed TLS handshakes.
        names: server names that clients sent (SNI).
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.accepted = 0
        self.handshakes = 0
        self.names: list[str] = []
        self._context = context
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._is_over = False
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        if context is not None:
            context.sni_callback = self._name

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_over = True
            sockets = [self._listener, *self._sockets]
        for open_socket in sockets:
            with suppress(OSError):  # already closed, by either side
                open_socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(HANG_SECONDS)
            assert not thread.is_alive()
        self._listener.close()

    def wait_for_connections(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.accepted >= count, HANG_SECONDS)

    def _spawn(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self.accepted += 1
                self._changed.notify_all()
            self._spawn(self._handle, connection)

    def _track(self, connection: socket.socket) -> None:
        """Register it for `__exit__`, which may have run already."""
        with self._lock:
            if self._is_over:
                raise ConnectionAbortedError
            self._sockets.append(connection)

    def _handle(self, connection: socket.socket) -> None:
        # Many tests disconnect the client in the middle.
        with ExitStack() as stack, suppress(OSError):
            stack.callback(connection.close)
            if self._context is not None:
                # Detaches the plain socket: the wrapper owns the connection.
                connection = self._context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
                stack.callback(connection.close)
            self._track(connection)
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
                with self._lock:
                    self.handshakes += 1
            self._serve(connection)

    def _name(self, _: object, name: str | None, __: object) -> None:
        if name is not None:
            self.names.append(name)

    def _serve(self, connection: socket.socket) -> None:
        while connection.recv(MAX_HEAD_BYTES):
            pass

    def _relay(self, connection: socket.socket, target: Address) -> None:
        """Relay bytes in both directions until one side closes."""
        with socket.create_connection(target) as other:
            self._track(other)
            other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                for source in _readable(connection, other):
                    data = source.recv(65536)
                    if not data:
                        return
                    (other if source is connection else connection).sendall(data)


class TlsFront(Listener):
    """Terminates TLS and relays to the emulator."""

    def __init__(self, context: ssl.SSLContext, target: Address) -> None:
        super().__init__(context)
        self._target = target

    @property
    def base_url(self) -> str:
        return f"https://localhost:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        self._relay(connection, self._target)


@dataclass(frozen=True)
class Login:
    """User name and password of a proxy."""

    user: str
    password: str

    @property
    def token(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class Proxy(Listener):
    """An HTTP proxy that supports only CONNECT, and connects every name to one address.

    Attributes:
        targets: the `host:port` of every CONNECT.
        logins: the `Proxy-Authorization` of every request, None without.
    """

    def __init__(
        self,
        target: Address,
        *,
        login: Login | None = None,
        instead: bytes | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(context)
        self.targets: list[str] = []
        self.logins: list[str | None] = []
        self._target = target
        self._login = login
        self._instead = instead

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url_for(self, userinfo: str) -> str:
        return f"http://{userinfo}@127.0.0.1:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        lines = _read_head(connection).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split()
        fields = [line.partition(":") for line in lines[1:]]
        headers = {name.lower(): value.strip() for name, _, value in fields}
        login = headers.get("proxy-authorization")
        with self._lock:
            self.logins.append(login)
            if method == "CONNECT":
                self.targets.append(target)
        if self._instead is not None:
            connection.sendall(self._instead)
        elif self._login is not None and login != f"Basic {self._login.token}":
            connection.sendall(error_response(407, 'Proxy-Authenticate: Basic realm="proxy"'))
        elif method != "CONNECT":
            connection.sendall(error_response(405))
        else:
            connection.sendall(ESTABLISHED)
            self._relay(connection, self._target)


def error_response(status: int, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Rejected",
        "Content-Length: 0",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = connection.recv(1)  # not beyond the head
        if not data or len(head) > MAX_HEAD_BYTES:
            raise ConnectionError
        head += data
    return head


def _readable(*sockets: socket.socket) -> list[socket.socket]:
    """Wait for readable sockets; TLS may have buffered data that select does not see."""
    for item in sockets:
        if isinstance(item, ssl.SSLSocket) and item.pending():
            return [item]
    return select.select(sockets, [], [])[0]
