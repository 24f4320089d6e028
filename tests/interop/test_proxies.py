"""The client through real proxies, tinyproxy and Apache httpd, with and without a login.

Each passes on to a proxy of ours, which leads every name to a front before the emulator: no name
has to be known outside, and the emulator's machine is not loopback for the client.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from atlas_backups import TransportError
from tests.interop.programs import listening
from tests.network.conftest import CLOUD
from tests.network.fronts import Login, Proxy, TlsFront, address_of
from tests.tls_ca import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import ExitStack

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.network.fronts import Address

LOGIN = Login("user", "p-canary_1")
USERINFO = f"{LOGIN.user}:{LOGIN.password}"
TINYPROXY = """
{user}
Port {port}
Listen 127.0.0.1
Timeout 30
MaxClients 50
LogFile "{root}/log"
LogLevel Connect
PidFile "{root}/pid"
Upstream http {upstream}
ConnectPort 443
{login}
"""
HTTPD = """
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_connect_module {modules}/mod_proxy_connect.so
ServerRoot {root}
DefaultRuntimeDir {root}
PidFile {root}/pid
Mutex pthread
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
{user}
ErrorLog {root}/log
ProxyRequests On
AllowCONNECT 443
ProxyRemote "*" "http://{upstream}"
<Proxy "*">
{login}
</Proxy>
"""
HTTPD_LOGIN = """
AuthType Basic
AuthName "proxy"
AuthBasicProvider file
AuthUserFile {root}/users
Require valid-user
"""


class RealProxy:
    """A running proxy: its URL for a client, and its log."""

    def __init__(self, root: Path, port: int) -> None:
        self.port = port
        self._log = root / "log"

    def url(self, userinfo: str = "") -> str:
        return f"http://{userinfo}{'@' if userinfo else ''}127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")


def tinyproxy(root: Path, port: int, upstream: Address, login: Login | None) -> list[str]:
    text = TINYPROXY.format(
        root=root,
        port=port,
        upstream=f"{upstream[0]}:{upstream[1]}",
        user="User nobody" if os.geteuid() == 0 else "",
        login=f"BasicAuth {login.user} {login.password}" if login else "",
    )
    (root / "conf").write_text(text)
    return [program("tinyproxy"), "-d", "-c", str(root / "conf")]


def httpd(root: Path, port: int, upstream: Address, login: Login | None) -> list[str]:
    path = program("apache2", "httpd")
    if login:
        digest = hashlib.sha1(login.password.encode(), usedforsecurity=False).digest()
        hashed = base64.b64encode(digest).decode()
        (root / "users").write_text(f"{login.user}:{{SHA}}{hashed}\n")
    text = HTTPD.format(
        root=root,
        port=port,
        upstream=f"{upstream[0]}:{upstream[1]}",
        modules=Path(path).resolve().parents[1] / "lib/apache2/modules",
        user="User #65534\nGroup #65534" if os.geteuid() == 0 else "",
        login=HTTPD_LOGIN.format(root=root) if login else "Require all granted",
    )
    (root / "conf").write_text(text)
    return [path, "-X", "-d", str(root), "-f", str(root / "conf")]


PROXIES = pytest.mark.parametrize("command", [tinyproxy, httpd], ids=lambda it: it.__name__)
Command: TypeAlias = "Callable[[Path, int, Address, Login | None], list[str]]"


def program(*names: str) -> str:
    # No skip: `make test-interop` requires these programs.
    found = next(filter(None, map(shutil.which, names)), None)
    assert found is not None, f"needs {names[0]}: apt-get install {names[0]}"
    return found


@contextmanager
def running(command: Command, upstream: Address, login: Login | None) -> Generator[RealProxy]:
    # Not in pytest's directory, which the proxy's user cannot read.
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as free:
        root = Path(directory)
        root.chmod(0o777)  # it writes its log after it became another user
        port = free.getsockname()[1]
        free.close()
        with listening(command(root, port, upstream, login), port, root):
            yield RealProxy(root, port)


class Way:
    """A client, a real proxy and the emulator."""

    def __init__(
        self,
        stack: ExitStack,
        emulator: AtlasEmulator,
        directory: Path,
        command: Command,
        login: Login | None,
    ) -> None:
        ca = CertificateAuthority(directory, "trusted", [CLOUD])
        front = TlsFront(ca.context(), address_of(emulator.base_url))
        self.emulator = emulator
        self.front = stack.enter_context(front)
        self.upstream = stack.enter_context(Proxy(front.address))
        self.proxy = stack.enter_context(running(command, self.upstream.address, login))
        self._ca_file = ca.file

    def options(self, userinfo: str = "") -> dict[str, Any]:
        return {"proxy": self.proxy.url(userinfo), "ca_file": self._ca_file, "max_retries": 0}


@PROXIES
@pytest.mark.parametrize("login", [None, LOGIN], ids=["open", "with a login"])
@pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])
def test_take_through_proxy(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    stack: ExitStack,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    tmp_path: Path,
    command: Command,
    login: Login | None,
    kind: str,
) -> None:
    way = Way(stack, emulator, tmp_path, command, login)
    client = make_client(getattr(emulator, kind), **way.options(USERINFO if login else ""))

    taken = [flavor.take(client).id for _ in range(2)]

    assert {snapshot.id for snapshot in emulator.snapshots} >= set(taken)
    assert way.upstream.targets == [f"{CLOUD}:443"]  # one tunnel for all
    assert way.front.names == [CLOUD]
    headers = {it.name.lower() for request in emulator.requests for it in request.headers}
    assert "proxy-authorization" not in headers


@PROXIES
@pytest.mark.parametrize("userinfo", ["", "user:wrong-canary", "other:p-canary_1"])
def test_proxy_login_is_sent_to_proxy_only(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    stack: ExitStack,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    tmp_path: Path,
    command: Command,
    userinfo: str,
) -> None:
    way = Way(stack, emulator, tmp_path, command, LOGIN)
    client = make_client(emulator.service_account, **way.options(userinfo))

    with pytest.raises(
        TransportError, match=r"proxy authorization required|the proxy \w+ 401"
    ) as caught:
        flavor.take(client)

    assert "canary" not in f"{caught.value!r}{client!r}"
    assert (way.upstream.targets, way.front.accepted, emulator.requests) == ([], 0, ())
    assert emulator.credential("service_account").secret not in way.proxy.log


@PROXIES
def test_proxy_without_route_is_transport_error(  # noqa: PLR0913, PLR0917
    flavor: ClientFlavor,
    stack: ExitStack,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    tmp_path: Path,
    command: Command,
) -> None:
    way = Way(stack, emulator, tmp_path, command, None)
    options = {**way.options(), "base_url": f"https://{CLOUD}:8443"}  # a port that it rejects
    client = make_client(emulator.service_account, **options)

    with pytest.raises(TransportError):
        flavor.take(client)

    assert (way.upstream.targets, emulator.requests) == ([], ())
