"""Proxies that are given: which one is used, what it learns, and what happens when it refuses."""

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
from tests.network.fronts import Listener, Login, Proxy, refusal

if TYPE_CHECKING:
    from contextlib import ExitStack

    from atlas_backups.emulator import AtlasEmulator
    from tests.authority import Authority
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.network.conftest import Network

KINDS = pytest.mark.parametrize("kind", ["service_account", "access_token"])
LOGIN = Login("user", "p@ss-%canary")
USERINFO = "user:p%40ss-%25canary"
WRONG = Login("user", "wr@ng-canary")
SECRETS = ("canary", WRONG.token, LOGIN.token)
WITHIN = 8.0
VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def test_the_given_proxy_wins_over_the_environment(
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
def test_the_given_proxy_wins_over_the_exceptions_of_the_environment(
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
def test_a_proxy_gets_its_login_and_nothing_else(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient, kind: str
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, login=LOGIN))
    client = make_client(
        getattr(network.emulator, kind),
        proxy=proxy.url_for(USERINFO),
        ca_file=network.authority.file,
    )

    flavor.take(client)

    assert proxy.logins == [f"Basic {LOGIN.token}"]
    headers = [header.name for request in network.emulator.requests for header in request.headers]
    assert "proxy-authorization" not in {name.lower() for name in headers}


def test_a_proxy_may_itself_be_reached_over_tls(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient
) -> None:
    context = network.authority.context()
    proxy = stack.enter_context(Proxy(network.front.address, login=LOGIN, context=context))
    client = make_client(
        network.emulator.access_token,
        proxy=proxy.url_for(USERINFO).replace("http:", "https:"),
        ca_file=network.authority.file,
    )

    flavor.take(client)

    assert proxy.targets == [f"{CLOUD}:443"]
    assert (proxy.handshakes, network.front.handshakes) == (1, 1)


def test_a_proxy_with_an_untrusted_certificate_is_refused_at_once(
    flavor: ClientFlavor,
    network: Network,
    stranger: Authority,
    stack: ExitStack,
    make_client: MakeClient,
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, context=stranger.context()))
    client = make_client(
        network.emulator.access_token,
        proxy=proxy.url_for(USERINFO).replace("http:", "https:"),
        ca_file=network.authority.file,
    )

    with pytest.raises(TransportError, match="certificate"):
        flavor.take(client)

    assert (proxy.accepted, proxy.handshakes) == (
        2,
        0,
    )  # the second finds out whose certificate it is


@KINDS
def test_a_wrong_login_is_said_and_no_password_is_shown(  # noqa: PLR0913, PLR0917  # fixtures
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
        ca_file=network.authority.file,
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


def test_a_client_does_not_pickle_the_login_of_its_proxy() -> None:
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
def test_a_proxy_that_cannot_be_used_is_refused_without_its_login(
    url: str, emulator: AtlasEmulator
) -> None:
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        AtlasBackups(emulator.access_token, proxy=url)

    assert "canary" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        f"socks5://{USERINFO}@proxy.test:1080",
        f"http://{USERINFO}@",
        f"{USERINFO}@proxy.test:port",
        "http://canary proxy.test",
    ],
)
def test_one_of_the_environment_that_cannot_be_used_is_not_passed_over(
    emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"^{name} ") as caught:
        AtlasBackups(emulator.access_token)

    assert "canary" not in "".join(traceback.format_exception(caught.value))
    AtlasBackups(emulator.access_token, base_url=emulator.base_url)
    AtlasBackups(emulator.access_token, proxy="http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "mongodb.com")
    AtlasBackups(emulator.access_token)


@KINDS
@pytest.mark.parametrize(
    "instead",
    [refusal(403), refusal(502), refusal(407), b"", b"not HTTP\r\n\r\n"],
    ids=["403", "502", "407", "end", "other"],
)
def test_a_proxy_that_refuses_is_a_transport_error(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    network: Network,
    stack: ExitStack,
    make_client: MakeClient,
    instead: bytes,
    kind: str,
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, instead=instead))
    client = make_client(getattr(network.emulator, kind), proxy=proxy.url, max_retries=1)

    begun = time.monotonic()
    with pytest.raises(TransportError):
        flavor.take(client)

    assert time.monotonic() - begun < WITHIN
    assert proxy.accepted <= 4  # each attempt is followed by a request for the cause
    assert network.front.accepted == 0


def test_a_proxy_that_is_not_there_is_a_transport_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_later:
        port = closed_later.getsockname()[1]
    proxy = f"http://{USERINFO}@127.0.0.1:{port}"
    client = make_client(emulator.access_token, proxy=proxy)  # with the usual retries

    begun = time.monotonic()
    with pytest.raises(TransportError) as caught:
        flavor.take(client)

    assert time.monotonic() - begun < WITHIN
    assert "canary" not in str(caught.value)


@KINDS
def test_a_proxy_that_says_nothing_ends_with_connect_timeout(
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
    silent.wait_for_connections(2)  # the second of which it may not have seen yet
    assert silent.accepted == 2
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_never_goes_through_a_proxy(  # noqa: PLR0913, PLR0917  # fixtures
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
        for options in (network.through_proxy, {"ca_file": network.authority.file})
    ]

    assert [item.id for item in network.emulator.snapshots[-2:]] == [
        snapshot.id for snapshot in snapshots
    ]
    assert network.proxy.accepted == 0


def provide() -> AccessToken:
    return AccessToken("from a callable, so that the client may be pickled but for its proxy")
