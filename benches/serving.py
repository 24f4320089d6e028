"""A server for the scripts beside it: answers every take at once, in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import socketserver
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Generator
    from multiprocessing.connection import Connection

BODY = json.dumps(
    {"id": "6b1f0c3e2a88faeba59de4aa", "status": "queued", "type": "replicaSet"}
).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    + f"Content-Length: {len(BODY)}\r\n\r\n".encode()
    + BODY
)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *, silent: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.silent = silent


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while self.rfile.readline():
            length = 0
            while (line := self.rfile.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            self.rfile.read(length)
            if not cast("_Server", self.server).silent:
                self.wfile.write(ANSWER)


def _serve(silent: bool, pipe: Connection) -> None:
    with _Server(silent=silent) as server:
        pipe.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def serving(*, silent: bool = False) -> Generator[str, None, None]:
    """Give the base URL of a server that runs meanwhile; a silent one only reads."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(silent, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
