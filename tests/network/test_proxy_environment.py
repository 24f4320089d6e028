"""Proxies from the environment: HTTPS_PROXY, ALL_PROXY, NO_PROXY."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AtlasBackups, ConfigurationError
from tests.network.conftest import CLOUD, GOVERNMENT, NOWHERE
from tests.network.fronts import Login, Proxy

if TYPE_CHECKING:
    from contextlib import ExitStack

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.network.conftest import Network, Run
    from tests.tls_ca import CertificateAuthority

USERINFO = "user:p%40ss-%25canary"
# Connects to this machine but is no loopback address, so that a proxy applies.
THIS_MACHINE = "0.0.0.0"  # noqa: S104  # only connected to, never listened on


@pytest.fixture
def trust(ca: CertificateAuthority) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(ca.file)}


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("HTTPS_PROXY", CLOUD),
        ("https_proxy", GOVERNMENT),
        ("ALL_PROXY", CLOUD),
        ("all_proxy", GOVERNMENT),
    ],
)
def test_environment_proxy_is_used(
    network: Network, run: Run, trust: dict[str, str], name: str, host: str
) -> None:
    ending = run({**trust, "MONGODB_ATLAS_BASE_URL": f"https://{host}", name: network.proxy.url})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.targets == [f"{host}:443"]


def test_https_proxy_has_precedence_and_sends_login(
    network: Network, stack: ExitStack, run: Run, trust: dict[str, str]
) -> None:
    login = Login("user", "p@ss")
    proxy = stack.enter_context(Proxy(network.front.address, login=login))
    environment = {
        "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
        "HTTPS_PROXY": proxy.url_for("user:p%40ss"),
        "HTTP_PROXY": network.proxy.url,
        "ALL_PROXY": network.proxy.url,
    }

    ending = run({**trust, **environment})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert proxy.logins == [f"Basic {login.token}"]
    assert network.proxy.accepted == 0


def test_environment_proxy_login_is_redacted(
    network: Network, stack: ExitStack, run: Run, trust: dict[str, str]
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, login=Login("user", "right")))
    environment = {
        "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
        "HTTPS_PROXY": proxy.url_for("user:canary"),
    }

    ending = run({**trust, **environment}, max_retries=0)

    assert ending.error == "TransportError"
    assert "proxy authorization required" in ending.text
    assert "canary" not in ending.text
    assert Login("user", "canary").token not in ending.text


@pytest.mark.parametrize(
    ("variable", "exceptions"),
    [
        ("NO_PROXY", THIS_MACHINE),
        ("no_proxy", f"elsewhere.test, {THIS_MACHINE}"),
        ("NO_PROXY", "*"),
    ],
)
def test_no_proxy_host_is_reached_directly(
    network: Network, run: Run, trust: dict[str, str], variable: str, exceptions: str
) -> None:
    address = f"https://{THIS_MACHINE}:{network.front.port}"
    environment = {"MONGODB_ATLAS_BASE_URL": address, "HTTPS_PROXY": network.proxy.url}

    without = run({**trust, **environment, variable: exceptions})

    assert without.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.accepted == 0

    through = run({**trust, **environment})

    assert through.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.targets == [f"{THIS_MACHINE}:{network.front.port}"]


@pytest.mark.parametrize("exceptions", [NOWHERE, "test", ".test", "*"])
def test_no_proxy_accepts_name_domain_and_wildcard(
    network: Network, run: Run, trust: dict[str, str], exceptions: str
) -> None:
    environment = {
        "MONGODB_ATLAS_BASE_URL": f"https://{NOWHERE}",
        "HTTPS_PROXY": network.proxy.url,
        "NO_PROXY": exceptions,
    }

    ending = run({**trust, **environment}, connect_timeout=2, max_retries=0)

    assert ending.error in {"TransportError", "RequestTimeoutError"}  # the name does not resolve
    assert network.proxy.accepted == 0


def test_no_proxy_of_other_hosts_is_ignored(
    network: Network, run: Run, trust: dict[str, str]
) -> None:
    environment = {
        "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
        "HTTPS_PROXY": network.proxy.url,
        "NO_PROXY": f"localhost,127.0.0.1,{GOVERNMENT},other-{CLOUD},.{NOWHERE}",
    }

    ending = run({**trust, **environment})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.targets == [f"{CLOUD}:443"]


LOGINS = [
    'us"er:p<a>s[s]',
    "user:^{|}`canary",
    "müller:geheimnis-ß",
    "CORP\\user:canary",
    "user:c@n@ry",
    "user:100%",
]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize("login", LOGINS)
def test_environment_proxy_login_may_be_unencoded(  # noqa: PLR0913, PLR0917  # fixtures
    network: Network, ca: CertificateAuthority, stack: ExitStack, run: Run, name: str, login: str
) -> None:
    user, _, password = login.partition(":")
    proxy = stack.enter_context(Proxy(network.front.address, login=Login(user, password)))
    environment = {
        "SSL_CERT_FILE": str(ca.file),
        "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
        name: proxy.url_for(login),
    }

    ending = run(environment)

    assert ending.snapshot_id == network.emulator.snapshots[-1].id, ending
    assert proxy.logins == [f"Basic {Login(user, password).token}"]


@pytest.mark.parametrize("login", LOGINS)
def test_proxy_option_login_may_be_unencoded(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient, login: str
) -> None:
    user, _, password = login.partition(":")
    proxy = stack.enter_context(Proxy(network.front.address, login=Login(user, password)))
    client = make_client(
        network.emulator.access_token, proxy=proxy.url_for(login), ca_file=network.ca.file
    )

    flavor.take(client)

    assert proxy.logins == [f"Basic {Login(user, password).token}"]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        f"socks5://{USERINFO}@proxy.test:1080",
        f"http://{USERINFO}@",
        f"{USERINFO}@proxy.test:port",
        "http://canary proxy.test",
        "http://user:canary\udcff@proxy.test:3128",  # not UTF-8
    ],
)
def test_invalid_environment_proxy_is_rejected(
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


def test_request_method_variable_does_not_disable_the_proxy(
    network: Network, ca: CertificateAuthority, run: Run
) -> None:
    ending = run(
        {
            "SSL_CERT_FILE": str(ca.file),
            "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
            "HTTPS_PROXY": network.proxy.url,
            "REQUEST_METHOD": "GET",
        }
    )

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.targets == [f"{CLOUD}:443"]
