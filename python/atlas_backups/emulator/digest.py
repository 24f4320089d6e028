"""HTTP Digest (RFC 7616), server side: challenge, header, verification, nonces."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .options import Options

REALM = "MMS Public API"
_MAX_NONCES = 20_000
_PAIR = re.compile(
    r"""\s*([A-Za-z0-9_*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|\Z)""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
Verdict = Literal["valid", "stale", "invalid"]


def parse(text: str) -> dict[str, str] | None:
    """Return the fields of a digest header without its scheme; None if malformed."""
    fields: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PAIR.match(text, position)
        if match is None:
            return None
        name = match[1].lower()
        if name in fields:
            return None
        fields[name] = match[3] if match[2] is None else _ESCAPE.sub(r"\1", match[2])
        position = match.end()
    return fields or None


def response(algorithm: str, fields: dict[str, str], password: str, method: str) -> str:
    """Return the response for the other fields, with `qop=auth`."""
    ha1 = _hash(algorithm, f"{fields['username']}:{fields['realm']}:{password}")
    ha2 = _hash(algorithm, f"{method}:{fields['uri']}")
    middle = f"{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
    return _hash(algorithm, f"{ha1}:{middle}:{ha2}")


def _hash(algorithm: str, text: str) -> str:
    data = text.encode("utf-8")
    if algorithm == "SHA-256":
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@dataclass
class _Nonce:
    issued_at: float
    highest: int = 0
    uses: int = 0
    seen: set[int] = field(default_factory=set[int])


class DigestVerifier:
    """Issues nonces and verifies responses. Not thread-safe: the service locks."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._nonces: dict[str, _Nonce] = {}

    def challenge(self, now: float, *, stale: bool) -> str:
        """Return a `Www-Authenticate` header with a new nonce."""
        nonce = base64.b64encode(secrets.token_bytes(24)).decode()
        self._nonces[nonce] = _Nonce(now)
        if len(self._nonces) > _MAX_NONCES:
            del self._nonces[next(iter(self._nonces))]
        algorithm = self._options.security.digest_algorithm
        return (
            f'Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm={algorithm}, '
            f'qop="auth", stale={"true" if stale else "false"}'
        )

    def username(self, text: str) -> str | None:
        """Return the user that a header names, unverified."""
        return (parse(text) or {}).get("username")

    def verify(self, text: str, password: str, method: str, uri: str, now: float) -> Verdict:
        """Verify a header without its scheme; `stale`: correct except for its nonce."""
        fields = parse(text)
        if fields is None or not self._complete(fields) or fields["uri"] != uri:
            return "invalid"
        algorithm = self._options.security.digest_algorithm
        expected = response(algorithm, fields, password, method)
        if not hmac.compare_digest(expected.encode(), fields["response"].lower().encode()):
            return "invalid"
        return "valid" if self._fresh(fields["nonce"], int(fields["nc"], 16), now) else "stale"

    def clear(self) -> None:
        """Discard all nonces, as a restarted server does."""
        self._nonces.clear()

    def _complete(self, fields: dict[str, str]) -> bool:
        needed = {"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce"}
        return (
            needed <= fields.keys()
            and fields["realm"] == REALM
            and fields["qop"] == "auth"
            and fields.get("algorithm", "MD5") == self._options.security.digest_algorithm
            and bool(fields["cnonce"])
            and _COUNT.fullmatch(fields["nc"]) is not None
        )

    def _fresh(self, text: str, count: int, now: float) -> bool:
        security = self._options.security
        nonce = self._nonces.get(text)
        if nonce is None or now - nonce.issued_at >= security.nonce_seconds:
            self._nonces.pop(text, None)
            return False
        if security.nonce_uses is not None and nonce.uses >= security.nonce_uses:
            return False
        if security.nonce_count == "rising" and count <= nonce.highest:
            return False
        if security.nonce_count == "unique":
            if count in nonce.seen or not count:
                return False
            nonce.seen.add(count)
        nonce.uses += 1
        nonce.highest = max(nonce.highest, count)
        return True
