"""Certificates with unusual keys and signatures, for a TLS server on localhost."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

KeyAndHash = tuple["CertificateIssuerPrivateKeyTypes", hashes.HashAlgorithm]
_DAY = dt.timedelta(days=1)
_LOCALHOST = x509.SubjectAlternativeName([x509.DNSName("localhost")])


def _sign(
    subject: str,
    public_key: CertificateIssuerPrivateKeyTypes,
    issuer: KeyAndHash,
    *extensions: x509.ExtensionType,
    issuer_name: str = "CA",
    pss: padding.PSS | None = None,
) -> bytes:
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in (subject, issuer_name)
    ]
    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(public_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )
    for extension in extensions:
        is_constraint = isinstance(extension, x509.BasicConstraints)
        builder = builder.add_extension(extension, critical=is_constraint)
    key, digest = issuer
    certificate = builder.sign(key, digest, rsa_padding=pss)  # type: ignore[arg-type]
    return certificate.public_bytes(serialization.Encoding.PEM)


def _context(file: Path, key: ec.EllipticCurvePrivateKey, certificate: bytes) -> ssl.SSLContext:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def signed_by(
    issuer: KeyAndHash, directory: Path, pss: padding.PSS | None = None
) -> tuple[ssl.SSLContext, Path]:
    """Return a server context with a certificate of a CA with this key, and the CA's file."""
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    roots = directory / "ca.pem"
    roots.write_bytes(_sign("CA", issuer[0], issuer, is_ca, pss=pss))
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _sign("localhost", key, issuer, _LOCALHOST, pss=pss)
    return _context(directory / "leaf.pem", key, leaf), roots


def ca_as_server(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server context that presents a CA's own certificate, and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    issuer = (key, hashes.SHA256())
    certificate = _sign("localhost", key, issuer, is_ca, _LOCALHOST, issuer_name="localhost")
    file = directory / "server.pem"
    return _context(file, key, certificate), file
