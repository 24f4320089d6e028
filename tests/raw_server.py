"""A server that does to each connection exactly what a script says, for what no HTTP server does.

A script is a list of steps: `READ` waits for one whole request and records it, `HEAR` waits for
its first byte and leaves it unread, bytes are sent as they are, `Delay` waits, `Until` waits for
what other requests bring, `Repeat` goes on for ever, `Choose` goes by what was received so far,
`END` says that nothing more is sent, `CLOSE` and `RESET` end the connection. The n-th connection
gets the n-th script; the last script serves all further ones. With a TLS context, all that happens
behind a handshake.
"""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from typing_extensions import Self


@dataclass(frozen=True)
class Delay:
    """Wait, or until the server stops."""

    seconds: float


@dataclass(frozen=True)
class Until:
    """Wait until this is so of all requests that the server has received, or until it stops."""

    condition: Callable[[Sequence[Received]], bool]


@dataclass(frozen=True)
class Repeat:
    """Do these steps again and again until the connection ends."""

    steps: Sequence[Step]


@dataclass(frozen=True)
class Choose:
    """Do what is chosen by all requests that the server has received so far."""

    choose: Callable[[Sequence[Received]], Script]


READ: Literal["read"] = "read"
HEAR: Literal["hear"] = "hear"
END: Literal["end"] = "end"
CLOSE: Literal["close"] = "close"
RESET: Literal["reset"] = "reset"
NEVER = Delay(3600)
# Far beyond what anything here may take, on whatever machine.
HANGS_AFTER = 30.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
Step: TypeAlias = (
    "bytes | Delay | Until | Repeat | Choose | Literal['read', 'hear', 'end', 'close', 'reset']"
)
Script: TypeAlias = "Sequence[Step]"


@dataclass(frozen=True)
class Received:
    """One request that came in full."""

    connection: int
    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


def answer(
    status: int,
    body: bytes | str | Mapping[str, Any] = b"",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Write an HTTP/1.1 answer; a mapping becomes JSON. Given headers replace the usual ones."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    usual = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in {**usual, **(headers or {})}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def always(*steps: Step) -> Script:
    """Read a request and do the steps, for every request of every connection."""
    return [Repeat([READ, *steps])]


class RawServer:
    """Listens on a free loopback port from `__enter__` to `__exit__`; a thread per connection."""

    def __init__(
        self,
        *scripts: Script,
        context: ssl.SSLContext | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        self._scripts = scripts
        self._context = context
        self._lock = threading.Lock()
        self._requests: list[Received] = []
        self._sockets: list[socket.socket] = []
        self._broken: set[int] = set()
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        scheme = "http" if context is None else "https"
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"{scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._listener.listen(128)
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
            sockets = [self._listener, *self._sockets]
        for open_socket in sockets:
            with suppress(OSError):  # already closed, by either side
                open_socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(HANGS_AFTER)
            assert not thread.is_alive()
        for open_socket in sockets:
            open_socket.close()

    @property
    def requests(self) -> tuple[Received, ...]:
        with self._lock:
            return tuple(self._requests)

    @property
    def connections(self) -> int:
        with self._lock:
            return len(self._sockets)

    def wait_for_requests(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._requests) >= count, HANGS_AFTER)

    def wait_for_connections(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._sockets) >= count, HANGS_AFTER)

    def wait_for_end_of_connection(self, number: int = -1) -> None:
        """Wait until the client has closed a connection; nothing may come on it."""
        with self._lock:
            number %= len(self._sockets)
            connection = self._sockets[number]
        try:
            connection.settimeout(HANGS_AFTER)
            assert connection.recv(1) == b""
        except ConnectionResetError:
            pass
        except OSError:  # whoever was sending may have found out first, and closed it
            with self._lock:
                assert number in self._broken

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                if self._stopping.is_set():  # nobody would end it
                    connection.close()
                    return
                number = len(self._sockets)
                self._sockets.append(connection)
                self._changed.notify_all()
            self._spawn(self._serve, number, connection)

    def _serve(self, number: int, connection: socket.socket) -> None:
        script = self._scripts[min(number, len(self._scripts) - 1)]
        # A client that goes away in the middle is what many tests are about.
        with suppress(OSError), connection:
            if self._context is not None:
                connection = self._begin_tls(number, connection, self._context)
            with connection, connection.makefile("rb") as file:
                try:
                    self._run(script, number, connection, file)
                except OSError:
                    with self._lock:
                        self._broken.add(number)
                    raise
                if not _is_to_be_reset(connection):
                    connection.shutdown(socket.SHUT_RDWR)

    def _begin_tls(
        self, number: int, connection: socket.socket, context: ssl.SSLContext
    ) -> ssl.SSLSocket:
        wrapped = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._sockets[number] = wrapped  # the plain one is empty now
            if self._stopping.is_set():  # which found the plain one
                raise ConnectionAbortedError
        wrapped.do_handshake()
        return wrapped

    def _run(self, script: Script, number: int, connection: socket.socket, file: BinaryIO) -> bool:
        """Do the steps; return whether the connection goes on."""
        steps = _flat(script)
        return all(
            not self._stopping.is_set() and self._do(step, number, connection, file)
            for step in steps
        )

    def _do(self, step: Step, number: int, connection: socket.socket, file: BinaryIO) -> bool:
        """Do one step; return whether the connection goes on."""
        if step == READ:
            return self._read(number, file)
        if step == HEAR:
            return connection.recv(1, socket.MSG_PEEK) != b""
        if isinstance(step, Choose):
            return self._run(step.choose(self.requests), number, connection, file)
        if step == END:
            connection.shutdown(socket.SHUT_WR)
        elif step == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        elif isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, Delay):
            self._stopping.wait(step.seconds)
        elif isinstance(step, Until):
            with self._changed:
                self._changed.wait_for(
                    lambda: self._stopping.is_set() or step.condition(self._requests)
                )
        return step not in (CLOSE, RESET)

    def _read(self, number: int, file: BinaryIO) -> bool:
        first = file.readline().split()
        if len(first) != 3:
            return False
        headers: dict[str, str] = {}
        while line := file.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = file.read(length)
        if len(body) < length:
            return False
        method, target = first[0].decode(), first[1].decode()
        with self._changed:
            self._requests.append(Received(number, method, target, headers, body))
            self._changed.notify_all()
        return True


def _flat(steps: Script) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Repeat):
            while True:
                yield from _flat(step.steps)
        yield step


def _is_to_be_reset(connection: socket.socket) -> bool:
    size = len(RESET_ON_CLOSE)
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size) == RESET_ON_CLOSE
