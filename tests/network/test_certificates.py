"""Server certificates, and the certificates to trust: `ca_file`, SSL_CERT_FILE, SSL_CERT_DIR."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from atlas_backups import AtlasBackups, ConfigurationError, TransportError
from tests.network.certificates import ca_as_server, signed_by
from tests.network.fronts import TlsFront, address_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.network.certificates import KeyAndHash
    from tests.network.conftest import Network, Run
    from tests.tls_ca import CertificateAuthority

KEYS: dict[str, Callable[[], KeyAndHash]] = {
    "P-521 with SHA-512": lambda: (ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()),
    "P-384 with SHA-384": lambda: (ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
    "P-384 with SHA-512": lambda: (ec.generate_private_key(ec.SECP384R1()), hashes.SHA512()),
    "P-256 with SHA-512": lambda: (ec.generate_private_key(ec.SECP256R1()), hashes.SHA512()),
    "RSA with SHA-512": lambda: (rsa.generate_private_key(65537, 2048), hashes.SHA512()),
}


SALTS = {
    "digest": padding.PSS.DIGEST_LENGTH,
    "longest": padding.PSS.MAX_LENGTH,
    "default of the RFC": 20,
}


@pytest.mark.parametrize("kind", KEYS)
def test_certificate_with_each_curve_and_digest_is_verified(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
    kind: str,
) -> None:
    context, roots = signed_by(KEYS[kind](), tmp_path)
    front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=roots)

    assert flavor.take(client).id == emulator.snapshots[-1].id


@pytest.mark.parametrize("salt", SALTS)
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_certificate_with_rsa_pss_is_verified(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
    digest: hashes.HashAlgorithm,
    salt: str,
) -> None:
    issuer = (rsa.generate_private_key(65537, 2048), digest)
    pss = padding.PSS(padding.MGF1(digest), SALTS[salt])  # type: ignore[arg-type]
    context, roots = signed_by(issuer, tmp_path, pss)
    front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=roots)

    assert flavor.take(client).id == emulator.snapshots[-1].id


def test_forged_rsa_pss_signature_is_rejected(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    servers: list[tuple[ssl.SSLContext, Path]] = []
    for directory in (tmp_path / "one", tmp_path / "other"):
        directory.mkdir()
        issuer = (rsa.generate_private_key(65537, 2048), hashes.SHA256())
        servers.append(signed_by(issuer, directory, pss))
    front = stack.enter_context(TlsFront(servers[0][0], address_of(emulator.base_url)))
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=servers[1][1])

    with pytest.raises(TransportError, match="the server's certificate"):
        flavor.take(client)


@pytest.mark.parametrize("problem", ["untrusted", "another host", "expired", "CA as server"])
def test_certificate_problem_is_explained_with_hint_at_ca_file(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    ca: CertificateAuthority,
    untrusted_ca: CertificateAuthority,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
    problem: str,
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "untrusted": untrusted_ca.context,
        "another host": lambda: ca.context("elsewhere.test"),
        "expired": lambda: ca.context(expired=True),
    }
    roots = ca.file
    if problem in contexts:
        context = contexts[problem]()
    else:
        context, roots = ca_as_server(tmp_path)
    front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=roots)

    with pytest.raises(TransportError) as caught:
        flavor.take(client)

    message = str(caught.value)
    words = {
        "untrusted": "is not signed by an authority that is trusted here",
        "another host": "is for another host",
        "expired": "has expired",
        "CA as server": "is that of a certificate authority",
    }
    assert f"the server's certificate {words[problem]}" in message
    assert "ca_file" in message
    assert "SSL_CERT_FILE" in message
    assert "[" not in message.partition(" [POST ")[0]  # no bytes


def test_ca_file_applies_to_its_own_client_only(
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


def test_each_certificate_of_ca_file_is_trusted(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    network: Network,
    untrusted_ca: CertificateAuthority,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
) -> None:
    target = address_of(network.emulator.base_url)
    other = stack.enter_context(TlsFront(untrusted_ca.context(), target))
    both = tmp_path / "both.pem"
    both.write_bytes(network.ca.file.read_bytes() + untrusted_ca.file.read_bytes())

    for front in (network.front, other):
        credentials = network.emulator.access_token
        flavor.take(make_client(credentials, base_url=front.base_url, ca_file=both))
        assert front.handshakes == 1


def test_invalid_ca_file_is_rejected(emulator: AtlasEmulator, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")

    for path in (empty, tmp_path / "missing.pem", tmp_path):
        with pytest.raises(ConfigurationError, match="ca_file"):
            AtlasBackups(emulator.access_token, ca_file=path)


def test_ca_file_with_byte_order_mark_or_missing_newline_is_read(
    flavor: ClientFlavor,
    network: Network,
    untrusted_ca: CertificateAuthority,
    make_client: MakeClient,
    tmp_path: Path,
) -> None:
    ours, others = network.ca.file.read_bytes(), untrusted_ca.file.read_bytes()
    for content in (b"\xef\xbb\xbf" + ours + others, others.rstrip() + ours.rstrip()):
        file = tmp_path / "ca.pem"
        file.write_bytes(content)
        client = make_client(
            network.emulator.access_token, base_url=network.front.base_url, ca_file=file
        )

        flavor.take(client)


def test_ca_file_with_malformed_certificate_is_rejected(
    emulator: AtlasEmulator, ca: CertificateAuthority, make_client: MakeClient, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    indented = ca.file.read_text().replace("-----BEGIN", " -----BEGIN")
    file.write_text(ca.file.read_text() + indented)

    with pytest.raises(ConfigurationError, match="2 certificates, of which only 1"):
        make_client(emulator.access_token, base_url="https://localhost", ca_file=file)


@pytest.mark.parametrize(
    "variables",
    [
        {"SSL_CERT_FILE": "{good}", "SSL_CERT_DIR": "{missing}"},
        {"SSL_CERT_FILE": "{good}", "SSL_CERT_DIR": "{empty}"},
        {"SSL_CERT_FILE": "{good}", "REQUESTS_CA_BUNDLE": "{missing}"},
        {"REQUESTS_CA_BUNDLE": "{good}", "CURL_CA_BUNDLE": "{missing}"},
        {"CURL_CA_BUNDLE": "{good}"},
    ],
)
def test_readable_certificates_of_environment_are_trusted(  # noqa: PLR0913, PLR0917  # fixtures
    network: Network,
    ca: CertificateAuthority,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "empty").mkdir()
    places = {
        "good": ca.file,
        "missing": tmp_path / "missing",
        "empty": tmp_path / "empty",
    }

    ending = run(
        {
            "MONGODB_ATLAS_BASE_URL": network.front.base_url,
            **{name: value.format(**places) for name, value in variables.items()},
        }
    )

    assert ending.snapshot_id == network.emulator.snapshots[-1].id, ending


def test_ssl_cert_dir_is_trusted(network: Network, run: Run, tmp_path: Path) -> None:
    # A file name as created by `openssl rehash`.
    (tmp_path / "0a1b2c3d.0").write_bytes(network.ca.file.read_bytes())
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url}

    ending = run({**environment, "SSL_CERT_DIR": str(tmp_path)})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id


def test_without_variables_certificate_is_not_trusted(network: Network, run: Run) -> None:
    ending = run({"MONGODB_ATLAS_BASE_URL": network.front.base_url})

    assert ending.error == "TransportError"
    assert "certificate" in ending.text
    assert ending.seconds < 8
    assert network.emulator.requests == ()


def test_ca_file_is_trusted_besides_ssl_cert_file(
    network: Network,
    ca: CertificateAuthority,
    untrusted_ca: CertificateAuthority,
    stack: ExitStack,
    run: Run,
) -> None:
    target = address_of(network.emulator.base_url)
    other = stack.enter_context(TlsFront(untrusted_ca.context(), target))

    for front in (network.front, other):
        environment = {"SSL_CERT_FILE": str(ca.file), "MONGODB_ATLAS_BASE_URL": front.base_url}
        ending = run(environment, ca_file=str(untrusted_ca.file))

        assert ending.snapshot_id == network.emulator.snapshots[-1].id


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("place", ["missing", "empty", "directory", ""])
def test_variable_without_certificates_is_rejected(
    network: Network, run: Run, tmp_path: Path, variable: str, place: str
) -> None:
    """Also if `ca_file` is given."""
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url}
    value = str(tmp_path / place) if place else ""

    ending = run({**environment, variable: value}, ca_file=str(network.ca.file))

    assert ending.error == "ConfigurationError"
    assert ending.text.startswith(f"{variable} is set, but ")
    assert value in ending.text
    assert network.front.accepted == 0


def test_certificate_variables_are_ignored_without_tls(
    network: Network, run: Run, tmp_path: Path
) -> None:
    environment = {"SSL_CERT_FILE": str(tmp_path / "missing.pem"), "SSL_CERT_DIR": ""}

    ending = run({**environment, "MONGODB_ATLAS_BASE_URL": network.emulator.base_url})

    assert ending.snapshot_id == network.emulator.snapshots[-1].id


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate((1 << 24) + 1)  # a sparse file


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "is no regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
    "huge": (huge, "holds more than 16 MiB"),
}


needs_posix = pytest.mark.skipif(os.name == "nt", reason="pipes and devices have no paths there")
odd = pytest.mark.parametrize(("make", "why"), ODD.values(), ids=ODD.keys())


@needs_posix
@odd
def test_odd_ca_file_is_rejected(
    emulator: AtlasEmulator, tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "odd.pem"
    make(path)

    with pytest.raises(ConfigurationError) as caught:
        AtlasBackups(emulator.access_token, ca_file=path)

    assert str(caught.value) == f"ca_file {path}: {why}"


@needs_posix
@odd
def test_odd_ssl_cert_file_is_rejected(
    network: Network, run: Run, tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "odd.pem"
    make(path)
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url, "SSL_CERT_FILE": str(path)}

    ending = run(environment)

    assert ending.error == "ConfigurationError"
    assert ending.text == f"SSL_CERT_FILE is set, but {path}: {why}"
    assert network.front.accepted == 0


@needs_posix
def test_huge_file_in_ssl_cert_dir_is_rejected(network: Network, run: Run, tmp_path: Path) -> None:
    (tmp_path / "0a1b2c3d.0").write_bytes(network.ca.file.read_bytes())
    huge(tmp_path / "huge")
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url, "SSL_CERT_DIR": str(tmp_path)}

    ending = run(environment)

    assert ending.error == "ConfigurationError"
    assert ending.text == f"SSL_CERT_DIR is set, but {tmp_path / 'huge'}: holds more than 16 MiB"


@needs_posix
def test_other_entries_of_ssl_cert_dir_are_ignored(
    network: Network, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "0a1b2c3d.0").write_bytes(network.ca.file.read_bytes())
    (tmp_path / "directory").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url, "SSL_CERT_DIR": str(tmp_path)}

    ending = run(environment)

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
