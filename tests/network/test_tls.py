"""TLS: bad certificates, versions, and the timeout of the handshake."""

from __future__ import annotations

import ssl
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, RequestTimeoutError, TransportError
from tests.network.conftest import CLOUD
from tests.network.fronts import Listener, Proxy, TlsFront, address_of
from tests.raw_server import NEVER, RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.tls_ca import CertificateAuthority

KINDS = pytest.mark.parametrize("kind", ["service_account", "access_token"])
ROUTES = pytest.mark.parametrize(
    ("way", "kind"), [("direct", "service_account"), ("through a proxy", "access_token")]
)
AT_ONCE = 8.0  # shorter than every timeout of the client


class RejectedServer:
    """A server that a client must reject, directly and through a proxy."""

    def __init__(
        self, stack: ExitStack, emulator: AtlasEmulator, context: ssl.SSLContext, way: str
    ) -> None:
        self.emulator = emulator
        self.front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
        proxy = stack.enter_context(Proxy(self.front.address))
        self.options: dict[str, Any] = {"base_url": self.front.base_url}
        if way != "direct":
            self.options = {"base_url": f"https://{CLOUD}", "proxy": proxy.url}

    def check_rejected(self, flavor: ClientFlavor, client: AtlasBackups) -> str:
        """Check that the client rejects it without a retry; return the message."""
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            flavor.take(client)
        assert time.monotonic() - begun < AT_ONCE
        assert (self.front.accepted, self.front.handshakes) == (1, 0)
        assert self.emulator.requests == ()
        return str(caught.value)


@ROUTES
@pytest.mark.parametrize("problem", ["untrusted", "expired", "another name"])
def test_bad_certificate_is_rejected_without_retry(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    ca: CertificateAuthority,
    untrusted_ca: CertificateAuthority,
    stack: ExitStack,
    make_client: MakeClient,
    problem: str,
    way: str,
    kind: str,
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "untrusted": untrusted_ca.context,
        "expired": lambda: ca.context(expired=True),
        "another name": lambda: ca.context("elsewhere.test"),
    }
    server = RejectedServer(stack, emulator, contexts[problem](), way)
    client = make_client(getattr(emulator, kind), ca_file=ca.file, **server.options)

    message = server.check_rejected(flavor, client)

    assert "certificate" in message
    assert {
        "untrusted": "UnknownIssuer",
        "expired": "expired",
        "another name": "elsewhere.test",
    }[problem] in message


@ROUTES
def test_tls_1_1_is_rejected(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    ca: CertificateAuthority,
    stack: ExitStack,
    make_client: MakeClient,
    way: str,
    kind: str,
) -> None:
    context = only(ca.context(), ssl.TLSVersion.TLSv1_1)
    server = RejectedServer(stack, emulator, context, way)
    client = make_client(getattr(emulator, kind), ca_file=ca.file, **server.options)

    assert "ProtocolVersion" in server.check_rejected(flavor, client)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_supported(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    ca: CertificateAuthority,
    stack: ExitStack,
    make_client: MakeClient,
    version: ssl.TLSVersion,
) -> None:
    context = only(ca.context(), version)
    front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=ca.file)

    assert flavor.take(client).id == emulator.snapshots[-1].id


@KINDS
def test_server_without_tls_is_rejected_without_retry(
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


@pytest.mark.parametrize(
    ("way", "kind", "max_retries"),
    [("direct", "service_account", 0), ("through a proxy", "access_token", 1)],
)
def test_hanging_handshake_ends_with_connect_timeout(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    ca: CertificateAuthority,
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
        ca_file=ca.file,
        **options,
    )

    begun = time.monotonic()
    with pytest.raises(RequestTimeoutError, match="connect_timeout"):
        flavor.take(client)

    assert 0.5 <= time.monotonic() - begun < AT_ONCE
    silent.wait_for_connections(1 + max_retries)  # one may not be accepted yet
    assert silent.accepted == 1 + max_retries


def only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old version is the point
        context.minimum_version = version
        context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
