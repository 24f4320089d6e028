"""The `proxy` option: precedence, login, errors of the proxy."""

from __future__ import annotations

import logging
import pickle
import socket
import time
import traceback
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    AccessToken,
    AtlasBackups,
    ConfigurationError,
    RequestTimeoutError,
    TransportError,
)
from tests.network.conftest import CLOUD, NOWHERE
from tests.network.fronts import Listener, Login, Proxy, error_response

if TYPE_CHECKING:
    from contextlib import ExitStack

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.network.conftest import Network
    from tests.tls_ca import CertificateAuthority

KINDS = pytest.mark.parametrize("kind", ["service_account", "access_token"])
LOGIN = Login("user", "p@ss-%canary")
USERINFO = "user:p%40ss-%25canary"
WRONG = Login("user", "wr@ng-canary")
SECRETS = ("canary", WRONG.token, LOGIN.token)
WITHIN = 8.0
VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def test_proxy_option_overrides_environment(
    flavor: ClientFlavor,
    network: Network,
    stack: ExitStack,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = stack.enter_context(Proxy(network.front.address))
    for name in VARIABLES:
        monkeypatch.setenv(name, other.url)
    client = make_client(network.emulator.service_account, **network.through_proxy)

    flavor.take(client)

    assert (network.proxy.targets, other.accepted) == ([f"{CLOUD}:443"], 0)


@pytest.mark.parametrize("exception", ["*", NOWHERE])
def test_proxy_option_overrides_no_proxy(
    flavor: ClientFlavor,
    network: Network,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
    exception: str,
) -> None:
    monkeypatch.setenv("NO_PROXY", exception)
    credentials, address = network.emulator.access_token, f"https://{NOWHERE}"
    client = make_client(credentials, base_url=address, **network.through_proxy)

    flavor.take(client)

    assert network.proxy.targets == [f"{NOWHERE}:443"]


@pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])
def test_proxy_login_is_sent_to_proxy_only(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient, kind: str
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, login=LOGIN))
    client = make_client(
        getattr(network.emulator, kind),
        proxy=proxy.url_for(USERINFO),
        ca_file=network.ca.file,
    )

    flavor.take(client)

    assert proxy.logins == [f"Basic {LOGIN.token}"]
    headers = [header.name for request in network.emulator.requests for header in request.headers]
    assert "proxy-authorization" not in {name.lower() for name in headers}


def test_proxy_over_tls_is_supported(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient
) -> None:
    context = network.ca.context()
    proxy = stack.enter_context(Proxy(network.front.address, login=LOGIN, context=context))
    client = make_client(
        network.emulator.access_token,
        proxy=proxy.url_for(USERINFO).replace("http:", "https:"),
        ca_file=network.ca.file,
    )

    flavor.take(client)

    assert proxy.targets == [f"{CLOUD}:443"]
    assert (proxy.handshakes, network.front.handshakes) == (1, 1)


def test_proxy_with_untrusted_certificate_is_rejected_without_retry(
    flavor: ClientFlavor,
    network: Network,
    untrusted_ca: CertificateAuthority,
    stack: ExitStack,
    make_client: MakeClient,
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, context=untrusted_ca.context()))
    client = make_client(
        network.emulator.access_token,
        proxy=proxy.url_for(USERINFO).replace("http:", "https:"),
        ca_file=network.ca.file,
    )

    with pytest.raises(TransportError, match="certificate"):
        flavor.take(client)

    # The second connection finds out whose certificate is rejected.
    assert (proxy.accepted, proxy.handshakes) == (2, 0)


@KINDS
def test_wrong_proxy_login_is_reported_without_password(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    network: Network,
    stack: ExitStack,
    make_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy = stack.enter_context(Proxy(network.front.address, login=LOGIN))
    client = make_client(
        getattr(network.emulator, kind),
        proxy=proxy.url_for("user:wr%40ng-canary"),
        max_retries=1,
        ca_file=network.ca.file,
    )

    begun = time.monotonic()
    with pytest.raises(TransportError, match="proxy authorization required") as caught:
        flavor.take(client)

    assert time.monotonic() - begun < WITHIN
    assert set(proxy.logins) == {f"Basic {WRONG.token}"}
    assert network.emulator.requests == ()
    error = caught.value
    shown = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    shown += [repr(client), str(client), caplog.text, pickle.dumps(error).decode("latin-1")]
    assert "POST" in caplog.text
    for text in shown:
        assert not [secret for secret in SECRETS if secret in text], text


def test_client_with_proxy_login_is_not_picklable() -> None:
    client = AtlasBackups(provide, proxy=f"http://{USERINFO}@proxy.test:3128")

    with pytest.raises(TypeError, match="proxy") as caught:
        pickle.dumps(client)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"socks5://{USERINFO}@proxy.test:1080",
        f"http://{USERINFO}@",
        f"http://{USERINFO}@proxy.test:port",
        f"http://{USERINFO}@proxy.test:99999",
        f"http://{USERINFO}@[proxy",
    ],
)
def test_invalid_proxy_option_is_rejected_without_login(url: str, emulator: AtlasEmulator) -> None:
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        AtlasBackups(emulator.access_token, proxy=url)

    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_unreachable_proxy_is_transport_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_later:
        port = closed_later.getsockname()[1]
    proxy = f"http://{USERINFO}@127.0.0.1:{port}"
    client = make_client(emulator.access_token, proxy=proxy)  # with the default retries

    begun = time.monotonic()
    with pytest.raises(TransportError) as caught:
        flavor.take(client)

    assert time.monotonic() - begun < WITHIN
    assert "canary" not in str(caught.value)


@KINDS
def test_silent_proxy_ends_with_connect_timeout(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    stack: ExitStack,
    make_client: MakeClient,
    kind: str,
) -> None:
    silent = stack.enter_context(Listener())
    client = make_client(
        getattr(emulator, kind),
        proxy=f"http://{USERINFO}@127.0.0.1:{silent.port}",
        connect_timeout=0.5,
        max_retries=1,
    )

    begun = time.monotonic()
    with pytest.raises(RequestTimeoutError, match="connect_timeout") as caught:
        flavor.take(client)

    assert 1.0 <= time.monotonic() - begun < WITHIN
    silent.wait_for_connections(2)  # the second may not be accepted yet
    assert silent.accepted == 2
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_bypasses_proxy(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    network: Network,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    host: str,
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, network.proxy.url)
    port = network.front.port
    if scheme == "http":
        port = int(network.emulator.base_url.rpartition(":")[2])
    credentials, address = network.emulator.service_account, f"{scheme}://{host}:{port}"

    snapshots = [
        flavor.take(make_client(credentials, base_url=address, **options))
        for options in (network.through_proxy, {"ca_file": network.ca.file})
    ]

    assert [item.id for item in network.emulator.snapshots[-2:]] == [
        snapshot.id for snapshot in snapshots
    ]
    assert network.proxy.accepted == 0


def provide() -> AccessToken:
    return AccessToken("from a callable, so that the client may be pickled but for its proxy")


@pytest.mark.parametrize(
    ("status", "attempts"), [(407, 1), (403, 1), (401, 1), (405, 1), (502, 2), (503, 2), (429, 2)]
)
def test_proxy_error_response_is_in_error_with_proxy_host(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    network: Network,
    stack: ExitStack,
    make_client: MakeClient,
    status: int,
    attempts: int,
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, instead=error_response(status)))
    client = make_client(
        network.emulator.access_token,
        base_url=f"https://{CLOUD}",
        proxy=proxy.url_for("user:canary"),
        max_retries=1,
    )

    with pytest.raises(TransportError) as caught:
        flavor.take(client)

    message = str(caught.value)
    assert f"the proxy answered {status}" in message
    assert proxy.url in message.partition("Hint: ")[2]
    assert "canary" not in message
    assert f"({attempts} attempt" in message
    assert network.emulator.requests == ()


class PlainServer(Listener):
    """Responds to everything in plain HTTP."""

    def _serve(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(error_response(400))


@pytest.mark.parametrize("kind", [PlainServer, Listener], ids=["responds", "is silent"])
def test_https_url_of_plain_proxy_is_explained(
    flavor: ClientFlavor,
    network: Network,
    stack: ExitStack,
    make_client: MakeClient,
    kind: type[Listener],
) -> None:
    proxy = stack.enter_context(kind())
    address = f"127.0.0.1:{proxy.port}"
    client = make_client(
        network.emulator.access_token,
        base_url=f"https://{CLOUD}",
        proxy=f"https://{address}",
        ca_file=network.ca.file,
        connect_timeout=0.5,
        max_retries=0,
    )

    with pytest.raises(TransportError if kind is PlainServer else RequestTimeoutError) as caught:
        flavor.take(client)

    assert f"name it as http://{address}" in str(caught.value)


def test_http_url_of_tls_proxy_is_explained(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient
) -> None:
    context = network.ca.context()
    proxy = stack.enter_context(Proxy(network.front.address, context=context))
    client = make_client(
        network.emulator.access_token,
        base_url=f"https://{CLOUD}",
        proxy=proxy.url,
        max_retries=0,
    )

    with pytest.raises(TransportError) as caught:
        flavor.take(client)

    assert f"the proxy {proxy.url}" in str(caught.value).partition("Hint: ")[2]
