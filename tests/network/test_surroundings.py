"""Proxies and certificates as companies have them: what works, and what an error says otherwise."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from atlas_backups import (
    AtlasBackups,
    ConfigurationError,
    RequestTimeoutError,
    TransportError,
)
from tests.network.conftest import CLOUD
from tests.network.fronts import Listener, Login, Proxy, TlsFront, address_of, refusal

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from atlas_backups.emulator import AtlasEmulator
    from tests.authority import Authority
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor
    from tests.network.conftest import Network, Run

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
def test_environment_proxy_gets_the_login_as_written(  # noqa: PLR0913, PLR0917  # fixtures
    network: Network, authority: Authority, stack: ExitStack, run: Run, name: str, login: str
) -> None:
    user, _, password = login.partition(":")
    proxy = stack.enter_context(Proxy(network.front.address, login=Login(user, password)))
    environment = {
        "SSL_CERT_FILE": str(authority.file),
        "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
        name: proxy.url_for(login),
    }

    ending = run(environment)

    assert ending.snapshot_id == network.emulator.snapshots[-1].id, ending
    assert proxy.logins == [f"Basic {Login(user, password).token}"]


@pytest.mark.parametrize("login", LOGINS)
def test_proxy_option_gets_the_login_as_written(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient, login: str
) -> None:
    user, _, password = login.partition(":")
    proxy = stack.enter_context(Proxy(network.front.address, login=Login(user, password)))
    client = make_client(
        network.emulator.access_token, proxy=proxy.url_for(login), ca_file=network.authority.file
    )

    flavor.take(client)

    assert proxy.logins == [f"Basic {Login(user, password).token}"]


def test_environment_proxy_that_is_not_utf8_is_never_bypassed(
    emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary\udcff@proxy.test:3128")

    with pytest.raises(ConfigurationError, match=r"^HTTPS_PROXY ") as caught:
        AtlasBackups(emulator.access_token)

    assert "canary" not in str(caught.value)


def test_request_method_variable_does_not_disable_the_proxy(
    network: Network, authority: Authority, run: Run
) -> None:
    ending = run(
        {
            "SSL_CERT_FILE": str(authority.file),
            "MONGODB_ATLAS_BASE_URL": f"https://{CLOUD}",
            "HTTPS_PROXY": network.proxy.url,
            "REQUEST_METHOD": "GET",
        }
    )

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
    assert network.proxy.targets == [f"{CLOUD}:443"]


@pytest.mark.parametrize(
    ("status", "attempts"), [(407, 1), (403, 1), (401, 1), (405, 1), (502, 2), (503, 2), (429, 2)]
)
def test_response_of_the_proxy_is_in_the_error_with_its_host(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    network: Network,
    stack: ExitStack,
    make_client: MakeClient,
    status: int,
    attempts: int,
) -> None:
    proxy = stack.enter_context(Proxy(network.front.address, instead=refusal(status)))
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
    """Answers whatever comes in plain HTTP."""

    def _serve(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(refusal(400))


@pytest.mark.parametrize("kind", [PlainServer, Listener], ids=["answers", "is silent"])
def test_https_url_of_a_plain_proxy_is_an_error_that_says_so(
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
        ca_file=network.authority.file,
        connect_timeout=0.5,
        max_retries=0,
    )

    with pytest.raises(TransportError if kind is PlainServer else RequestTimeoutError) as caught:
        flavor.take(client)

    assert f"name it as http://{address}" in str(caught.value)


def test_http_url_of_a_tls_proxy_is_an_error_that_says_so(
    flavor: ClientFlavor, network: Network, stack: ExitStack, make_client: MakeClient
) -> None:
    context = network.authority.context()
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


KeyAndHash = tuple["CertificateIssuerPrivateKeyTypes", hashes.HashAlgorithm]
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


def _certificate_front(
    stack: ExitStack,
    emulator: AtlasEmulator,
    folder: Path,
    issuer: KeyAndHash,
    pss: padding.PSS | None = None,
) -> tuple[TlsFront, Path]:
    """Return a server whose certificate a CA with this key has signed, and the CA's file."""
    key, digest = issuer
    leaf = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.timezone.utc)
    day = dt.timedelta(days=1)
    ca_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("CA", "localhost")
    )

    def sign(builder: x509.CertificateBuilder) -> x509.Certificate:
        builder = builder.issuer_name(ca_name).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - day).not_valid_after(now + day)
        return builder.sign(key, digest, rsa_padding=pss)  # type: ignore[arg-type]

    ca = sign(
        x509.CertificateBuilder()
        .subject_name(ca_name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    certificate = sign(
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(leaf.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    encoding = serialization.Encoding.PEM
    chain, roots = folder / "leaf.pem", folder / "ca.pem"
    chain.write_bytes(
        leaf.private_bytes(
            encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(encoding)
    )
    roots.write_bytes(ca.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return stack.enter_context(TlsFront(context, address_of(emulator.base_url))), roots


@pytest.mark.parametrize("kind", KEYS)
def test_certificate_signed_with_any_curve_and_digest_is_verified(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
    kind: str,
) -> None:
    front, roots = _certificate_front(stack, emulator, tmp_path, KEYS[kind]())
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=roots)

    assert flavor.take(client).id == emulator.snapshots[-1].id


@pytest.mark.parametrize("salt", SALTS)
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_certificate_signed_with_rsa_pss_is_verified(  # noqa: PLR0913, PLR0917  # fixtures
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
    front, roots = _certificate_front(stack, emulator, tmp_path, issuer, pss)
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
    fronts: list[tuple[TlsFront, Path]] = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
        issuer = (rsa.generate_private_key(65537, 2048), hashes.SHA256())
        fronts.append(_certificate_front(stack, emulator, folder, issuer, pss))
    client = make_client(
        emulator.access_token, base_url=fronts[0][0].base_url, ca_file=fronts[1][1]
    )

    with pytest.raises(TransportError, match="the server's certificate"):
        flavor.take(client)


@pytest.mark.parametrize("problem", ["untrusted", "another host", "expired", "authority"])
def test_certificate_problem_is_in_words_with_a_hint_at_ca_file(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    authority: Authority,
    stranger: Authority,
    stack: ExitStack,
    make_client: MakeClient,
    tmp_path: Path,
    problem: str,
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "untrusted": stranger.context,
        "another host": lambda: authority.context("elsewhere.test"),
        "expired": lambda: authority.context(expired=True),
    }
    roots = authority.file
    if problem in contexts:
        context = contexts[problem]()
    else:
        context, roots = _authority_as_server(tmp_path)
    front = stack.enter_context(TlsFront(context, address_of(emulator.base_url)))
    client = make_client(emulator.access_token, base_url=front.base_url, ca_file=roots)

    with pytest.raises(TransportError) as caught:
        flavor.take(client)

    message = str(caught.value)
    words = {
        "untrusted": "is not signed by an authority that is trusted here",
        "another host": "is for another host",
        "expired": "has expired",
        "authority": "is that of a certificate authority",
    }
    assert f"the server's certificate {words[problem]}" in message
    assert "ca_file" in message
    assert "SSL_CERT_FILE" in message
    assert "[" not in message  # no bytes


def _authority_as_server(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    file = folder / "server.pem"
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file


def test_ca_file_with_a_byte_order_mark_or_a_missing_newline_loses_nothing(
    flavor: ClientFlavor,
    network: Network,
    stranger: Authority,
    make_client: MakeClient,
    tmp_path: Path,
) -> None:
    ours, others = network.authority.file.read_bytes(), stranger.file.read_bytes()
    for content in (b"\xef\xbb\xbf" + ours + others, others.rstrip() + ours.rstrip()):
        file = tmp_path / "ca.pem"
        file.write_bytes(content)
        client = make_client(
            network.emulator.access_token, base_url=network.front.base_url, ca_file=file
        )

        flavor.take(client)


def test_ca_file_with_a_certificate_that_cannot_be_read_is_rejected(
    emulator: AtlasEmulator, authority: Authority, make_client: MakeClient, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    indented = authority.file.read_text().replace("-----BEGIN", " -----BEGIN")
    file.write_text(authority.file.read_text() + indented)

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
def test_certificates_that_the_environment_names_count_as_far_as_they_can_be_read(  # noqa: PLR0913, PLR0917  # fixtures
    network: Network,
    authority: Authority,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "empty").mkdir()
    places = {
        "good": authority.file,
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
