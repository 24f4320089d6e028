"""Whom a client trusts, with which versions of TLS, and for how long it waits for a handshake."""

from __future__ import annotations

import ssl
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, ConfigurationError, RequestTimeoutError, TransportError
from tests.network.conftest import CLOUD
from tests.network.fronts import Listener, Proxy, TlsFront, address_of
from tests.raw_server import NEVER, RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.authority import Authority
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.network.conftest import Network

KINDS = pytest.mark.parametrize("kind", ["service_account", "access_token"])
WAYS = pytest.mark.parametrize("way", ["direct", "through a proxy"])
AT_ONCE = 8.0  # no limit of time but the test's own ends anything before that


class Refused:
    """A server that a client must not talk to, whichever way it gets there."""

    def __init__(
        self, stack: ExitStack, emulator: AtlasEmulator, context: ssl.SSLContext, way: str
    ) -> None:
        self.emulator = emulator
        self.front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
        proxy = stack.enter_context(Proxy(self.front.address))
        self.options: dict[str, Any] = {"base_url": self.front.base_url}
        if way != "direct":
            self.options = {"base_url": f"https://{CLOUD}", "proxy": proxy.url}

    def refuse(self, flavor: ClientFlavor, client: AtlasBackups) -> str:
        """Let the client find out, without a second try; return what it says."""
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            flavor.take(client)
        assert time.monotonic() - begun < AT_ONCE
        assert (self.front.accepted, self.front.handshakes) == (1, 0)
        assert self.emulator.requests == ()
        return str(caught.value)


@KINDS
@WAYS
@pytest.mark.parametrize("problem", ["untrusted", "expired", "another name"])
def test_a_bad_certificate_is_refused_at_once(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    authority: Authority,
    stranger: Authority,
    stack: ExitStack,
    make_client: MakeClient,
    problem: str,
    way: str,
    kind: str,
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "untrusted": stranger.context,
        "expired": lambda: authority.context(expired=True),
        "another name": lambda: authority.context("elsewhere.test"),
    }
    server = Refused(stack, emulator, contexts[problem](), way)
    client = make_client(getattr(emulator, kind), ca_file=authority.file, **server.options)

    message = server.refuse(flavor, client)

    assert "certificate" in message
    assert {
        "untrusted": "UnknownIssuer",
        "expired": "expired",
        "another name": "elsewhere.test",
    }[problem] in message


def test_a_trusted_file_is_trusted_by_its_own_client_only(
    flavor: ClientFlavor, network: Network, make_client: MakeClient
) -> None:
    credentials, address = network.emulator.access_token, network.front.base_url
    trusting = make_client(credentials, **network.direct)
    other = make_client(credentials, base_url=address)

    first = flavor.take(trusting)
    with pytest.raises(TransportError, match="certificate"):
        flavor.take(other)
    second = flavor.take(trusting)

    assert [item.id for item in network.emulator.snapshots[-2:]] == [first.id, second.id]
    assert network.front.handshakes == 1


def test_every_certificate_of_the_file_is_trusted(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    network: Network,
    stranger: Authority,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
) -> None:
    target = address_of(network.emulator.base_url)
    other = stack.enter_context(TlsFront(stranger.context(), target))
    both = tmp_path / "both.pem"
    both.write_bytes(network.authority.file.read_bytes() + stranger.file.read_bytes())

    for front in (network.front, other):
        credentials = network.emulator.access_token
        flavor.take(make_client(credentials, base_url=front.base_url, ca_file=both))
        assert front.handshakes == 1


@KINDS
@WAYS
def test_a_server_with_nothing_newer_than_tls_1_1_is_refused(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    authority: Authority,
    stack: ExitStack,
    make_client: MakeClient,
    way: str,
    kind: str,
) -> None:
    context = only(authority.context(), ssl.TLSVersion.TLSv1_1)
    server = Refused(stack, emulator, context, way)
    client = make_client(getattr(emulator, kind), ca_file=authority.file, **server.options)

    assert "ProtocolVersion" in server.refuse(flavor, client)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_newer_versions_of_tls_are_spoken(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    authority: Authority,
    stack: ExitStack,
    make_client: MakeClient,
    version: ssl.TLSVersion,
) -> None:
    context = only(authority.context(), version)
    front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=authority.file)

    assert flavor.take(client).id == emulator.snapshots[-1].id


@KINDS
def test_a_server_without_tls_is_refused_at_once(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    stack: ExitStack,
    make_client: MakeClient,
    kind: str,
) -> None:
    server = stack.enter_context(RawServer([answer(400), NEVER]))
    address = server.base_url.replace("http:", "https:")
    client = make_client(getattr(emulator, kind), base_url=address)

    begun = time.monotonic()
    with pytest.raises(TransportError):
        flavor.take(client)

    assert time.monotonic() - begun < AT_ONCE
    assert (server.connections, server.requests) == (1, ())


@WAYS
@pytest.mark.parametrize(("kind", "max_retries"), [("service_account", 0), ("access_token", 1)])
def test_a_handshake_that_hangs_ends_with_connect_timeout(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    authority: Authority,
    stack: ExitStack,
    make_client: MakeClient,
    max_retries: int,
    way: str,
    kind: str,
) -> None:
    silent = stack.enter_context(Listener())
    options: dict[str, Any] = {"base_url": f"https://localhost:{silent.port}"}
    if way != "direct":
        options = {"proxy": stack.enter_context(Proxy(silent.address)).url}
    client = make_client(
        getattr(emulator, kind),
        connect_timeout=0.5,
        max_retries=max_retries,
        ca_file=authority.file,
        **options,
    )

    begun = time.monotonic()
    with pytest.raises(RequestTimeoutError, match="connect_timeout"):
        flavor.take(client)

    assert 0.5 <= time.monotonic() - begun < AT_ONCE
    silent.wait_for_connections(1 + max_retries)  # the last of which it may not have seen yet
    assert silent.accepted == 1 + max_retries


def test_a_file_to_trust_that_is_none_is_named(emulator: AtlasEmulator, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")

    for path in (empty, tmp_path / "missing.pem", tmp_path):
        with pytest.raises(ConfigurationError, match="ca_file"):
            AtlasBackups(emulator.access_token, ca_file=path)


def only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old version is the point
        context.minimum_version = version
        context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
