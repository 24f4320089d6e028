"""A certificate authority (CA) for tests."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import trustme

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class CertificateAuthority:
    """A certificate authority, with a file for `ca_file`."""

    def __init__(self, folder: Path, name: str, hosts: Sequence[str]) -> None:
        self._ca = trustme.CA(organization_name=name)
        self._hosts = hosts
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def context(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """Return a server context for HTTP/1.1, with a certificate for the names."""
        yesterday = datetime.now(timezone.utc) - timedelta(days=1)
        lifetime: dict[str, Any] = {"not_after": yesterday} if expired else {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        certificate = self._ca.issue_cert(*(names or self._hosts), **lifetime)
        certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL's
        return context
