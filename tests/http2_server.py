"""A scripted HTTP/2 server over TLS that responds, rejects streams or sends GOAWAY."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded

from tests.network.fronts import Listener
from tests.raw_server import Received

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from tests.tls_ca import CertificateAuthority

Action: TypeAlias = "Mapping[str, Any] | Literal['refuse', 'go away']"


class Http2Server(Listener):
    """Decides for each request, in the order in which they come.

    Attributes:
        requests: every request that was received in full, whatever became of it.
    """

    def __init__(self, ca: CertificateAuthority, decide: Callable[[Received], Action]) -> None:
        context = ca.context()
        context.set_alpn_protocols(["h2"])
        super().__init__(context)
        self.requests: list[Received] = []
        self._decide = decide
        self._requests_lock = threading.Lock()

    @property
    def base_url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        protocol = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        protocol.initiate_connection()
        connection.sendall(protocol.data_to_send())
        heads: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytes] = {}
        while data := connection.recv(65536):
            for event in protocol.receive_data(data):
                if isinstance(event, RequestReceived):
                    heads[event.stream_id] = dict(event.headers)  # type: ignore[arg-type]
                    bodies[event.stream_id] = b""
                elif isinstance(event, DataReceived):
                    bodies[event.stream_id] += event.data
                elif isinstance(event, StreamEnded):
                    stream = event.stream_id
                    head = heads.pop(stream)
                    request = Received(0, head[":method"], head[":path"], head, bodies.pop(stream))
                    with self._requests_lock:
                        self.requests.append(request)
                        action = self._decide(request)
                    self._act(protocol, stream, action)
            connection.sendall(protocol.data_to_send())
            if protocol.state_machine.state is ConnectionState.CLOSED:
                break
        while connection.recv(65536):  # until the client has read that it ends
            pass

    @staticmethod
    def _act(protocol: H2Connection, stream: int, action: Action) -> None:
        if action == "refuse":
            protocol.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
        elif action == "go away":
            protocol.close_connection(ErrorCodes.NO_ERROR, last_stream_id=0)
        else:
            headers = [(":status", "200"), ("content-type", "application/json")]
            protocol.send_headers(stream, headers)
            protocol.send_data(stream, json.dumps(action).encode(), end_stream=True)
