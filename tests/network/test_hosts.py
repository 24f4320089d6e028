"""Both clouds by their host names, through a proxy, with certificates for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import AtlasEmulator
from tests.flavor import PATH, ClientFlavor
from tests.network.conftest import CLOUD, GOVERNMENT
from tests.network.fronts import Proxy, TlsFront, address_of

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.conftest import MakeClient
    from tests.network.conftest import Network
    from tests.tls_ca import CertificateAuthority

CREDENTIALS = pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])


@CREDENTIALS
@pytest.mark.parametrize("host", [CLOUD, GOVERNMENT])
def test_both_clouds_are_supported_through_proxy(
    flavor: ClientFlavor, network: Network, make_client: MakeClient, host: str, kind: str
) -> None:
    emulator = network.emulator
    credentials = getattr(emulator, kind)
    client = make_client(credentials, base_url=f"https://{host}", **network.through_proxy)

    snapshot = flavor.take(client, description=f"to {host}")

    assert emulator.snapshots[-1].id == snapshot.id
    assert emulator.snapshots[-1].description == f"to {host}"
    assert network.proxy.targets == [f"{host}:443"]
    assert network.front.names == [host]
    assert {request.header("Host") for request in emulator.requests} == {host}


@CREDENTIALS
def test_later_calls_reuse_tunnel(
    flavor: ClientFlavor, network: Network, make_client: MakeClient, kind: str
) -> None:
    # The default base URL is the public cloud.
    client = make_client(getattr(network.emulator, kind), **network.through_proxy)

    taken = [flavor.take(client).id for _ in range(3)]

    assert {snapshot.id for snapshot in network.emulator.snapshots} >= set(taken)
    assert network.proxy.targets == [f"{CLOUD}:443"]
    assert (network.front.accepted, network.front.handshakes) == (1, 1)


def test_later_calls_reuse_tls_connection(
    flavor: ClientFlavor, network: Network, make_client: MakeClient
) -> None:
    client = make_client(network.emulator.service_account, **network.direct)

    assert flavor.take(client).id != flavor.take(client).id

    assert (network.front.accepted, network.front.handshakes) == (1, 1)
    assert len(network.emulator.requests) == 3  # one of them for the token
    assert network.proxy.accepted == 0


@CREDENTIALS
@pytest.mark.parametrize("end", ["", "/"])
def test_path_prefix_of_base_url_precedes_each_path(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    ca: CertificateAuthority,
    stack: ExitStack,
    make_client: MakeClient,
    end: str,
    kind: str,
) -> None:
    emulator = stack.enter_context(AtlasEmulator(base_path="/prefix"))
    front = stack.enter_context(TlsFront(ca.context(), address_of(emulator.base_url)))
    proxy = stack.enter_context(Proxy(front.address))
    client = make_client(
        getattr(emulator, kind),
        base_url=f"https://{GOVERNMENT}/prefix{end}",
        proxy=proxy.url,
        ca_file=ca.file,
    )

    snapshot = flavor.take(client, envelope=True)

    assert emulator.snapshots[-1].id == snapshot.id
    assert emulator.requests[-1].path == f"/prefix{PATH}"
    assert {request.path.split("/")[1] for request in emulator.requests} == {"prefix"}
