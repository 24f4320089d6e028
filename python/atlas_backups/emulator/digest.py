"""HTTP Digest (RFC 7616), the server's side: challenge, header, verification, nonces."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .options import Security

REALM = "MMS Public API"
_KEPT_NONCES = 20_000
_PAIR = re.compile(
    r"""\s*([A-Za-z0-9_*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|\Z)""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
Verdict = Literal["granted", "stale", "refused"]


def parse(text: str) -> dict[str, str] | None:
    """Return the fields of a digest header after its scheme, or None if they are malformed."""
    fields: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _PAIR.match(text, place)
        if match is None:
            return None
        name = match[1].lower()
        if name in fields:
            return None
        fields[name] = match[3] if match[2] is None else _ESCAPE.sub(r"\1", match[2])
        place = match.end()
    return fields or None


def response(algorithm: str, fields: dict[str, str], password: str, method: str) -> str:
    """Return the response that fits the other fields, for `qop=auth`."""
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
    made_at: float
    highest: int = 0
    uses: int = 0
    seen: set[int] = field(default_factory=set[int])


class Digest:
    """Hands out nonces and checks what comes back. Not locked: the service does that.

    Args:
        security: Gives the present settings.
    """

    def __init__(self, security: Callable[[], Security]) -> None:
        self._security = security
        self._nonces: dict[str, _Nonce] = {}

    def challenge(self, now: float, *, stale: bool) -> str:
        """Return a `Www-Authenticate` header with a new nonce."""
        nonce = base64.b64encode(secrets.token_bytes(24)).decode()
        self._nonces[nonce] = _Nonce(now)
        if len(self._nonces) > _KEPT_NONCES:
            del self._nonces[next(iter(self._nonces))]
        algorithm = self._security().digest_algorithm
        return (
            f'Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm={algorithm}, '
            f'qop="auth", stale={"true" if stale else "false"}'
        )

    def user(self, text: str) -> str | None:
        """Return the user that a header names, without believing it."""
        return (parse(text) or {}).get("username")

    def verify(self, text: str, password: str, method: str, uri: str, now: float) -> Verdict:
        """Judge a header after its scheme: `stale` means right, but for its nonce."""
        fields = parse(text)
        if fields is None or not self._complete(fields) or fields["uri"] != uri:
            return "refused"
        algorithm = self._security().digest_algorithm
        expected = response(algorithm, fields, password, method)
        if not hmac.compare_digest(expected.encode(), fields["response"].lower().encode()):
            return "refused"
        return "granted" if self._fresh(fields["nonce"], int(fields["nc"], 16), now) else "stale"

    def forget(self) -> None:
        """Forget all nonces, as a restarted server does."""
        self._nonces.clear()

    def _complete(self, fields: dict[str, str]) -> bool:
        needed = {"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce"}
        return (
            needed <= fields.keys()
            and fields["realm"] == REALM
            and fields["qop"] == "auth"
            and fields.get("algorithm", "MD5") == self._security().digest_algorithm
            and bool(fields["cnonce"])
            and _COUNT.fullmatch(fields["nc"]) is not None
        )

    def _fresh(self, text: str, count: int, now: float) -> bool:
        security = self._security()
        nonce = self._nonces.get(text)
        if nonce is None or now - nonce.made_at >= security.nonce_seconds:
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
