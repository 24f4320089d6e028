"""Digest authentication against Apache httpd in front of the emulator."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from atlas_backups import ApiKey, UnauthorizedError
from tests.interop.programs import listening

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor

REALM = "MMS Public API"
KEY = ("public-key", 'private key: with, "all" sorts of \\ characters')
MODULES = [
    *("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_digest"),
    *("headers", "proxy", "proxy_http"),
]
CONFIGURATION = """
{modules}
ServerRoot {root}
DefaultRuntimeDir {root}
PidFile {root}/pid
Mutex pthread
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
{user}
ErrorLog {root}/error.log
LogFormat "%s %{{WWW-Authenticate}}o" statuses
CustomLog {root}/access.log statuses
<Location "/">
    AuthType Digest
    AuthName "{realm}"
    AuthDigestProvider file
    AuthDigestAlgorithm MD5
    AuthDigestQop auth
    AuthDigestDomain /
    AuthDigestNonceLifetime {nonce_seconds}
    AuthUserFile {root}/users
    Require valid-user
    RequestHeader set Authorization "Bearer {token}"
    ProxyPass "{emulator}/"
</Location>
"""


class Apache:
    """A running httpd, and the status and challenge of each request in its log."""

    def __init__(self, root: Path, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self._log = root / "access.log"

    def requests(self, count: int) -> list[tuple[int, str]]:
        """Wait for `count` requests, because httpd logs after the response."""
        until = time.monotonic() + 5
        while True:
            lines = self._log.read_text().splitlines()
            if len(lines) >= count or time.monotonic() > until:
                return [(int(line.split()[0]), line.partition(" ")[2]) for line in lines]
            time.sleep(0.02)

    def statuses(self, count: int) -> list[int]:
        return [status for status, _ in self.requests(count)]


def httpd() -> Path:
    # No skip: `make test-interop` requires these programs.
    program = shutil.which("apache2") or shutil.which("httpd")
    assert program is not None, "needs Apache httpd: apt-get install apache2"
    return Path(program).resolve()


@contextmanager
def apache(emulator: AtlasEmulator, nonce_seconds: int) -> Generator[Apache]:
    program = httpd()
    # Not in pytest's directory, which httpd's user cannot read.
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        root.chmod(0o755)
        modules = program.parents[1] / "lib/apache2/modules"
        user, password = KEY
        secret = f"{user}:{REALM}:{password}".encode()
        hashed = hashlib.md5(secret, usedforsecurity=False).hexdigest()
        (root / "users").write_text(f"{user}:{REALM}:{hashed}\n")
        (root / "access.log").touch()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (root / "httpd.conf").write_text(
            CONFIGURATION.format(
                modules="\n".join(
                    f"LoadModule {name}_module {modules}/mod_{name}.so" for name in MODULES
                ),
                root=root,
                port=port,
                user="User #65534\nGroup #65534" if os.geteuid() == 0 else "",
                realm=REALM,
                nonce_seconds=nonce_seconds,
                token=emulator.credential("access_token").secret,
                emulator=emulator.base_url,
            )
        )
        command = [str(program), "-X", "-d", str(root), "-f", str(root / "httpd.conf")]
        with listening(command, port, root):
            yield Apache(root, port)


@pytest.fixture
def server(emulator: AtlasEmulator) -> Iterator[Apache]:
    with apache(emulator, nonce_seconds=300) as server:
        yield server


def test_valid_key_takes_snapshots_with_one_request_each(
    flavor: ClientFlavor, emulator: AtlasEmulator, server: Apache, make_client: MakeClient
) -> None:
    client = make_client(ApiKey(*KEY), base_url=server.base_url)

    first = flavor.take(client, description="through httpd", envelope=True)
    assert server.statuses(2) == [401, 200]
    later = [flavor.take(client, pretty=pretty) for pretty in (False, True)]

    assert server.statuses(4) == [401, 200, 200, 200]
    taken = [(snapshot.id, snapshot.description) for snapshot in emulator.snapshots[-3:]]
    assert taken == [(item.id, item.description) for item in (first, *later)]
    assert first.description == "through httpd"


def test_concurrent_calls_are_accepted(
    flavor: ClientFlavor, emulator: AtlasEmulator, server: Apache, make_client: MakeClient
) -> None:
    client = make_client(ApiKey(*KEY), base_url=server.base_url)

    ends = flavor.take_at_once(client, 8)

    ids = {snapshot.id for snapshot in emulator.snapshots}
    assert [end for end in ends if isinstance(end, BaseException)] == []
    assert len(emulator.requests) == 8
    assert len(ids & {getattr(end, "id", None) for end in ends}) == 8


@pytest.mark.parametrize("key", [(KEY[0], "wrong key"), ("wrong user", KEY[1])])
def test_wrong_key_is_rejected_after_two_requests(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    server: Apache,
    make_client: MakeClient,
    key: tuple[str, str],
) -> None:
    client = make_client(ApiKey(*key), base_url=server.base_url)

    with pytest.raises(UnauthorizedError) as caught:
        flavor.take(client)

    assert caught.value.status == 401
    assert key[1] not in str(caught.value)
    assert server.statuses(2) == [401, 401]
    assert emulator.requests == ()


def test_expired_nonce_is_replaced(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    with apache(emulator, nonce_seconds=1) as server:
        client = make_client(ApiKey(*KEY), base_url=server.base_url)
        first = flavor.take(client)
        time.sleep(1.5)

        second = flavor.take(client)

        requests = server.requests(4)
    assert [status for status, _ in requests] == [401, 200, 401, 200]
    assert ["stale=true" in challenge for _, challenge in requests] == [False, False, True, False]
    assert [item.id for item in emulator.snapshots[-2:]] == [first.id, second.id]
