"""OAuth for service accounts: grants, renews nothing, revokes."""

from __future__ import annotations

import base64
import binascii
import math
import secrets
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote_plus

from . import wire
from .errors import Refusal, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from .options import Limits, Security
    from .world import Credential

TOKEN_PATH = "/api/oauth/token"  # noqa: S105 - a path
REVOKE_PATH = "/api/oauth/revoke"
_FORM = "application/x-www-form-urlencoded"
_PERIOD_SECONDS = 60.0


class OAuthRefusal(Exception):  # noqa: N818 - an answer of the service, not a failure of ours
    """A refusal in OAuth's own shape (RFC 6749, section 5.2)."""

    def __init__(
        self, status: int, error: str, description: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.body: dict[str, str] = {"error": error, "error_description": description}
        self.headers: dict[str, str] = headers or {}


@dataclass(frozen=True)
class _Token:
    credential: Credential
    ends_at: float


class TokenOffice:
    """Grants and knows tokens. Not locked: the service does that.

    Args:
        credentials: Everything the world declares.
        security: Gives the present settings.
        limits: Gives the present limits.
    """

    def __init__(
        self,
        credentials: tuple[Credential, ...],
        security: Callable[[], Security],
        limits: Callable[[], Limits],
    ) -> None:
        self._accounts = {c.id: c for c in credentials if c.kind == "service_account"}
        self._fixed = {c.secret: c for c in credentials if c.kind == "access_token"}
        self._security = security
        self._limits = limits
        self._tokens: dict[str, _Token] = {}
        self._requests: dict[tuple[str, str], deque[float]] = {}

    def holder(self, token: str, now: float) -> Credential | None:
        """Return whose token this is, or None if it is unknown, over or revoked."""
        fixed = self._fixed.get(token)
        if fixed is not None:
            return fixed
        known = self._tokens.get(token)
        return known.credential if known is not None and now < known.ends_at else None

    def active(self, client_id: str, now: float) -> int:
        """Return how many tokens of a service account are alive."""
        return sum(
            token.credential.id == client_id and now < token.ends_at
            for token in self._tokens.values()
        )

    def forget(self) -> None:
        """End all tokens that were granted; fixed access tokens stay."""
        self._tokens.clear()

    def grant(
        self,
        authorization: str | None,
        content_type: str | None,
        body: bytes,
        peer: str,
        now: float,
    ) -> dict[str, Any]:
        """Answer a request for a token.

        Raises:
            OAuthRefusal: The request or its credentials are wrong, or too many tokens are alive.
            Refusal: 429, too many requests.
        """
        self._count(_basic(authorization)[0], peer, now)
        account = self._account(authorization)
        form = _form(content_type, body)
        if form.get("grant_type") is None:
            raise OAuthRefusal(400, "invalid_request", "The parameter grant_type is missing.")
        if form["grant_type"] != "client_credentials":
            text = "Only the grant type client_credentials is supported."
            raise OAuthRefusal(400, "unsupported_grant_type", text)
        self._tokens = {key: token for key, token in self._tokens.items() if now < token.ends_at}
        most = self._limits().active_tokens
        if most is not None and self.active(account.id, now) >= most:
            text = f"The service account has {most} active tokens already."
            raise OAuthRefusal(403, "access_denied", text)
        seconds = self._security().token_seconds
        token = _token(account.id, now, seconds)
        self._tokens[token] = _Token(account, now + seconds)
        return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}

    def revoke(self, authorization: str | None, content_type: str | None, body: bytes) -> None:
        """End a token; an unknown one, or somebody else's, is no error (RFC 7009).

        Raises:
            OAuthRefusal: The request or its credentials are wrong.
        """
        account = self._account(authorization)
        form = _form(content_type, body)
        token = form.get("token")
        if token is None:
            raise OAuthRefusal(400, "invalid_request", "The parameter token is missing.")
        if form.get("token_type_hint", "access_token") != "access_token":
            text = "Only access tokens can be revoked."
            raise OAuthRefusal(400, "unsupported_token_type", text)
        known = self._tokens.get(token)
        if known is not None and known.credential == account:
            del self._tokens[token]

    def _account(self, authorization: str | None) -> Credential:
        client_id, secret = _basic(authorization)
        # RFC 6749 wants both form-encoded inside Basic; most programs send them as they are.
        account = self._accounts.get(client_id) or self._accounts.get(unquote_plus(client_id))
        spellings = {secret, unquote_plus(secret)}
        if account is None or account.secret not in spellings:
            raise OAuthRefusal(
                401,
                "invalid_client",
                "Client authentication failed.",
                {"Www-Authenticate": 'Basic realm="MMS Public API"'},
            )
        return account

    def _count(self, client_id: str, peer: str, now: float) -> None:
        most = self._limits().token_requests_per_minute
        if most is None:
            return
        times = self._requests.setdefault((peer, client_id), deque())
        while times and now - times[0] >= _PERIOD_SECONDS:
            times.popleft()
        if len(times) >= most:
            detail = f"Resource {TOKEN_PATH} is limited to {most} requests every 1 minutes."
            headers: dict[str, str] = {}
            if self._limits().retry_after:
                wait = times[0] + _PERIOD_SECONDS - now if times else _PERIOD_SECONDS
                headers["Retry-After"] = str(max(1, math.ceil(wait)))
            parameters: list[Scalar] = [TOKEN_PATH, most, 1]
            raise Refusal(429, "RATE_LIMITED", detail, parameters, headers=headers)
        times.append(now)


def _token(client_id: str, now: float, seconds: float) -> str:
    # Atlas' own programs keep a token only if they can read when it ends. Nobody checks the third
    # part, which keeps tokens from being guessed.
    header = {"alg": "none", "typ": "JWT"}
    claims = {"exp": int(now + seconds), "iat": int(now), "sub": client_id}
    return f"{_part(header)}.{_part(claims)}.{secrets.token_urlsafe(32)}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(wire.compact(value)).rstrip(b"=").decode()


def _basic(authorization: str | None) -> tuple[str, str]:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    client_id, _, secret = text.partition(":")
    return client_id, secret


def _form(content_type: str | None, body: bytes) -> dict[str, str]:
    if (content_type or "").split(";", 1)[0].strip().lower() != _FORM:
        raise OAuthRefusal(400, "invalid_request", f"The body must be {_FORM}.")
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise OAuthRefusal(400, "invalid_request", "The form cannot be read.") from None
    if any(len(values) > 1 for values in fields.values()):
        raise OAuthRefusal(400, "invalid_request", "A parameter is repeated.")
    return {name: values[0] for name, values in fields.items()}
