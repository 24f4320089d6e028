from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlencode, urlsplit

import pytest

from atlas_backups.emulator import AtlasEmulator, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atlas_backups.emulator import Credential

VERSION = "application/vnd.atlas.2025-03-12+json"
_PAIR = re.compile(r'([a-z]+)=(?:"([^"]*)"|([^,\s]+))')


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever was answered
        return json.loads(self.body)

    @property
    def code(self) -> str:
        code: str = self.json()["errorCode"]
        return code


@dataclass
class Api:
    """An HTTP client of one emulator, independent of its implementation."""

    emulator: AtlasEmulator
    clock: ManualClock
    open: list[http.client.HTTPConnection] = field(default_factory=list[http.client.HTTPConnection])

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.emulator.base_url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        self.open.append(connection)
        return connection

    def raw(self, data: bytes, *, timeout: float = 30) -> bytes:
        with socket.create_connection(self.address, timeout=timeout) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> Reply:
        usual: dict[str, str | None] = {
            "Accept": VERSION,
            "Authorization": f"Bearer {self.emulator.credential('access_token').secret}",
            "Content-Type": None if body is None else "application/json",
        }
        usual.update(headers or {})
        fresh = connection is None
        connection = connection or http.client.HTTPConnection(*self.address, timeout=30)
        try:
            chosen = {name: value for name, value in usual.items() if value is not None}
            connection.request(method, path, body, chosen)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            if fresh:
                connection.close()

    def cluster_path(self, cluster: str | None = None, group_id: str | None = None) -> str:
        group_id = group_id or self.emulator.group_id
        cluster = cluster or self.emulator.cluster_name
        return f"/api/atlas/v2/groups/{group_id}/clusters/{cluster}"

    def path(self, tail: str = "", cluster: str | None = None) -> str:
        return f"{self.cluster_path(cluster)}/backup/snapshots{tail}"

    def take(self, cluster: str | None = None, **fields: object) -> Reply:
        return self.send("POST", self.path(cluster=cluster), json.dumps(fields).encode())

    def taken(self, cluster: str | None = None, **fields: object) -> str:
        reply = self.take(cluster, **fields)
        assert reply.status == 200, reply
        snapshot_id: str = reply.json()["id"]
        return snapshot_id

    def get(self, tail: str = "", cluster: str | None = None) -> Reply:
        return self.send("GET", self.path(tail, cluster))

    def listed(self, tail: str = "", cluster: str | None = None) -> list[str]:
        return [item["id"] for item in self.get(tail, cluster).json()["results"]]

    def token(self, account: Credential | None = None, *, secret: str | None = None) -> Reply:
        account = account or self.emulator.credential("service_account")
        pair = f"{account.id}:{account.secret if secret is None else secret}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = urlencode({"grant_type": "client_credentials"}).encode()
        return self.send("POST", "/api/oauth/token", form, headers)

    def with_token(self, token: str, path: str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {token}"}
        return self.send("GET", path or self.path(), headers=headers)

    def challenge(self) -> dict[str, str]:
        reply = self.send("GET", self.path(), headers={"Authorization": None})
        assert reply.status == 401
        return parse_challenge(reply)

    def digest(  # noqa: PLR0913 - the parts of a header
        self,
        challenge: Mapping[str, str],
        count: int = 1,
        *,
        method: str = "GET",
        uri: str | None = None,
        said_uri: str | None = None,
        password: str | None = None,
        **changes: str,
    ) -> Reply:
        """Send one request with a digest header that is computed here, not by the emulator."""
        key = self.emulator.credential("api_key")
        uri = uri or self.path()
        fields = {
            "username": key.id,
            "realm": challenge["realm"],
            "nonce": challenge["nonce"],
            "uri": said_uri or uri,
            "algorithm": challenge["algorithm"],
            "qop": "auth",
            "nc": f"{count:08x}",
            "cnonce": "c2FsdA==",
            **changes,
        }
        name = {"MD5": "md5", "SHA-256": "sha256"}[challenge["algorithm"]]

        def digest(text: str) -> str:
            return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

        secret = key.secret if password is None else password
        ha1 = digest(f"{fields['username']}:{fields['realm']}:{secret}")
        ha2 = digest(f"{method}:{fields['uri']}")
        middle = ":".join(fields[name] for name in ("nonce", "nc", "cnonce", "qop"))
        fields.setdefault("response", digest(f"{ha1}:{middle}:{ha2}"))
        quoted = {"username", "realm", "nonce", "uri", "cnonce", "response"}
        text = ", ".join(
            f'{name}="{value}"' if name in quoted else f"{name}={value}"
            for name, value in fields.items()
        )
        return self.send(method, uri, headers={"Authorization": f"Digest {text}"})


def parse_challenge(reply: Reply) -> dict[str, str]:
    scheme, _, rest = reply.headers["www-authenticate"].partition(" ")
    assert scheme == "Digest"
    return {name: quoted or plain for name, quoted, plain in _PAIR.findall(rest)}


class Run(Protocol):
    def __call__(self, **options: Any) -> Api: ...  # noqa: ANN401 - AtlasEmulator's own


@pytest.fixture
def run() -> Iterator[Run]:
    """Start emulators with given options, each with a manual clock."""
    with ExitStack() as stack:

        def start(**options: Any) -> Api:  # noqa: ANN401 - the same
            clock = cast("ManualClock", options.pop("clock", None) or ManualClock())
            options.setdefault("snapshot_seconds", 157.0)
            emulator = stack.enter_context(AtlasEmulator(clock=clock, **options))
            api = Api(emulator, clock)

            def close() -> None:
                for connection in api.open:
                    connection.close()
                # An error in the emulator gives 500, which a test might expect from a fault.
                assert emulator.failures == ()

            stack.callback(close)
            return api

        yield start


@pytest.fixture
def api(run: Run) -> Api:
    return run()
