"""Proxies and certificates that the environment names, for programs that say nothing themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.network.conftest import CLOUD, GOVERNMENT, NOWHERE
from tests.network.fronts import Login, Proxy, TlsFront, address_of

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from tests.authority import Authority
    from tests.network.conftest import Network, Run

# Reaches this machine without being a loopback address, so that a proxy is used where one is named.
THIS_MACHINE = "0.0.0.0"  # noqa: S104  # a client connects to it, nothing listens on it


@pytest.fixture
def trust(authority: Authority) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(authority.file)}


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("HTTPS_PROXY", CLOUD),
        ("https_proxy", GOVERNMENT),
        ("ALL_PROXY", CLOUD),
        ("all_proxy", GOVERNMENT),
    ],
)
def test_the_proxy_of_the_environment_is_used(
    network: Network, run: Run, trust: dict[str, str], name: str, host: str
) -> None:
    ending = run({**trust, "MONGODB_ATLAS_BASE_URL": f"https://{host}", name: network.proxy.url})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.targets == [f"{host}:443"]


def test_the_proxy_for_https_is_preferred_and_may_need_a_login(
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


def test_a_login_of_the_environment_is_shown_nowhere(
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


def test_the_given_proxy_wins_over_the_environment(
    network: Network, stack: ExitStack, run: Run, trust: dict[str, str]
) -> None:
    other = stack.enter_context(Proxy(network.front.address))
    environment = {
        "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
        "HTTPS_PROXY": other.url,
        "NO_PROXY": CLOUD,
    }

    ending = run({**trust, **environment}, proxy=network.proxy.url)

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert (network.proxy.targets, other.accepted) == ([f"{CLOUD}:443"], 0)


@pytest.mark.parametrize(
    ("variable", "exceptions"),
    [
        ("NO_PROXY", THIS_MACHINE),
        ("no_proxy", f"elsewhere.test, {THIS_MACHINE}"),
        ("NO_PROXY", "*"),
    ],
)
def test_an_exception_is_reached_without_the_proxy(
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
def test_an_exception_may_be_a_name_or_a_domain(
    network: Network, run: Run, trust: dict[str, str], exceptions: str
) -> None:
    environment = {
        "MONGODB_ATLAS_BASE_URL": f"https://{NOWHERE}",
        "HTTPS_PROXY": network.proxy.url,
        "NO_PROXY": exceptions,
    }

    ending = run({**trust, **environment}, connect_timeout=2, max_retries=0)

    assert ending.error in {"TransportError", "RequestTimeoutError"}  # the name leads nowhere
    assert network.proxy.accepted == 0


def test_other_exceptions_do_not_matter(network: Network, run: Run, trust: dict[str, str]) -> None:
    environment = {
        "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
        "HTTPS_PROXY": network.proxy.url,
        "NO_PROXY": f"localhost,127.0.0.1,{GOVERNMENT},other-{CLOUD},.{NOWHERE}",
    }

    ending = run({**trust, **environment})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.targets == [f"{CLOUD}:443"]


def test_loopback_never_goes_through_the_proxy(
    network: Network, run: Run, trust: dict[str, str]
) -> None:
    names = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
    environment = dict.fromkeys(names, network.proxy.url)
    for address in (network.emulator.base_url, network.front.base_url):
        ending = run({**trust, **environment, "MONGODB_ATLAS_BASE_URL": address})

        assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.accepted == 0


def test_a_folder_of_certificates_is_trusted(network: Network, run: Run, tmp_path: Path) -> None:
    # The name that OpenSSL's rehash gives: eight hexadecimal digits and a number.
    (tmp_path / "0a1b2c3d.0").write_bytes(network.authority.file.read_bytes())
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url}

    ending = run({**environment, "SSL_CERT_DIR": str(tmp_path)})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id


def test_without_the_variables_the_certificate_is_not_trusted(network: Network, run: Run) -> None:
    ending = run({"MONGODB_ATLAS_BASE_URL": network.front.base_url})

    assert ending.error == "TransportError"
    assert "certificate" in ending.text
    assert ending.seconds < 8
    assert network.emulator.requests == ()


def test_the_given_file_is_trusted_besides_that_of_the_environment(
    network: Network, stranger: Authority, stack: ExitStack, run: Run, trust: dict[str, str]
) -> None:
    target = address_of(network.emulator.base_url)
    other = stack.enter_context(TlsFront(stranger.context(), target))

    for front in (network.front, other):
        environment = {**trust, "MONGODB_ATLAS_BASE_URL": front.base_url}
        ending = run(environment, ca_file=str(stranger.file))

        assert ending.snapshot_id == network.emulator.snapshots[-1].id


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("place", ["missing", "empty", "folder", ""])
def test_a_variable_that_leads_to_no_certificates_is_named(
    network: Network, run: Run, tmp_path: Path, variable: str, place: str
) -> None:
    """Not even where `ca_file` would do: something else was meant."""
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url}
    value = str(tmp_path / place) if place else ""

    ending = run({**environment, variable: value}, ca_file=str(network.authority.file))

    assert ending.error == "ConfigurationError"
    assert ending.text.startswith(f"{variable} is set, but ")
    assert value in ending.text
    assert network.front.accepted == 0


def test_without_tls_the_variables_do_not_matter(
    network: Network, run: Run, tmp_path: Path
) -> None:
    environment = {"SSL_CERT_FILE": str(tmp_path / "missing.pem"), "SSL_CERT_DIR": ""}

    ending = run({**environment, "MONGODB_ATLAS_BASE_URL": network.emulator.base_url})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
