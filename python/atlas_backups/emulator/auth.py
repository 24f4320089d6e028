"""Authentication and roles: OAuth tokens (RFC 6749, RFC 7009), digest, access list."""

from __future__ import annotations

import base64
import binascii
import math
import secrets
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote_plus

from .digest import DigestVerifier
from .errors import Rejection, Scalar, rejection
from .http_request import Request, Response
from .serialization import to_json, to_pretty_json

if TYPE_CHECKING:
    from .options import Behaviour, Options
    from .seed import Credential, Role

TOKEN_PATH = "/api/oauth/token"  # noqa: S105 - a path
REVOKE_PATH = "/api/oauth/revoke"
_FORM = "application/x-www-form-urlencoded"
_PERIOD_SECONDS = 60.0

MANAGE: frozenset[Role] = frozenset({"GROUP_OWNER", "GROUP_BACKUP_MANAGER"})
TAKE: frozenset[Role] = frozenset({*MANAGE, "GROUP_BACKUP_CREATOR"})
READ: frozenset[Role] = frozenset({*TAKE, "GROUP_READ_ONLY"})


class Unauthorized(Exception):  # noqa: N818 - a response of the service, not a failure of ours
    """401 before the request was examined.

    Args:
        challenge: The `Www-Authenticate` header.
    """

    def __init__(self, challenge: str) -> None:
        super().__init__(challenge)
        self.challenge = challenge

    def response(self) -> Response:
        """Return the response, which is pretty-printed and has few headers, as recorded."""
        body = {
            "error": 401,
            "reason": "Unauthorized",
            "detail": "You are not authorized for this resource.",
            "errorCode": "UNEXPECTED_ERROR",
        }
        headers = {
            "Content-Type": "application/json",
            "Server": "mdbws",
            "Vary": "Accept-Encoding",
            "Www-Authenticate": self.challenge,
        }
        return Response(401, headers, to_pretty_json(body, sort=False))


class OAuthError(Exception):
    """An error response of OAuth (RFC 6749, section 5.2)."""

    def __init__(
        self, status: int, error: str, description: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.body: dict[str, str] = {"error": error, "error_description": description}
        self.headers: dict[str, str] = headers or {}


class Authenticator:
    """Identifies the caller of a request. Not thread-safe: the service locks."""

    def __init__(
        self, credentials: tuple[Credential, ...], tokens: TokenIssuer, options: Options
    ) -> None:
        self.digest: DigestVerifier = DigestVerifier(options)
        self._api_keys = {c.id: c for c in credentials if c.kind == "api_key"}
        self._tokens = tokens
        self._options = options

    def authenticate(self, request: Request, now: float) -> Credential:
        """Return the credential of a request.

        Raises:
            Unauthorized: The credentials are missing or wrong.
            Rejection: 403, the address is not on the access list.
        """
        credential = self._credential(request, now)
        security = self._options.security
        if security.access_list is not None and request.peer not in security.access_list:
            detail = f"IP address {request.peer} is not allowed to access this resource."
            parameters: list[Scalar] = [request.peer]
            if security.access_list_code.startswith("ORG_"):
                detail = "This organization requires access through an IP access list."
                parameters = []
            raise Rejection(403, security.access_list_code, detail, parameters)
        return credential

    def _credential(self, request: Request, now: float) -> Credential:
        scheme, _, rest = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() == "bearer":
            credential = self._tokens.find(rest.strip(), now)
            if credential is None:
                raise Unauthorized('Bearer realm="MMS Public API", error="invalid_token"')
            return credential
        stale = False
        if scheme.lower() == "digest":
            key = self._api_keys.get(self.digest.username(rest) or "")
            if key is not None:
                verdict = self.digest.verify(rest, key.secret, request.method, request.target, now)
                if verdict == "valid":
                    return key
                stale = verdict == "stale"
        raise Unauthorized(self.digest.challenge(now, stale=stale))


def check_project(credential: Credential, group_id: str) -> None:
    """Reject a project that the credential may not access."""
    if credential.group_ids is not None and group_id not in credential.group_ids:
        raise rejection("USER_CANNOT_ACCESS_GROUP", group_id)


def check_role(credential: Credential, allowed: frozenset[Role], behaviour: Behaviour) -> None:
    """Reject a credential that has none of the roles."""
    if not credential.roles & allowed:
        forbidden = behaviour.role_refusal == 403  # noqa: PLR2004 - a status
        raise rejection("ACCESS_FORBIDDEN" if forbidden else "USER_UNAUTHORIZED")


@dataclass(frozen=True)
class _Token:
    credential: Credential
    expires_at: float


class TokenIssuer:
    """Issues, finds and revokes access tokens. Not thread-safe: the service locks."""

    def __init__(self, credentials: tuple[Credential, ...], options: Options) -> None:
        self._accounts = {c.id: c for c in credentials if c.kind == "service_account"}
        self._static = {c.secret: c for c in credentials if c.kind == "access_token"}
        self._options = options
        self._tokens: dict[str, _Token] = {}
        self._request_times: dict[tuple[str, str], deque[float]] = {}

    def find(self, token: str, now: float) -> Credential | None:
        """Return the credential of a token; None if it is unknown, expired or revoked."""
        static = self._static.get(token)
        if static is not None:
            return static
        known = self._tokens.get(token)
        return known.credential if known is not None and now < known.expires_at else None

    def count_active(self, client_id: str, now: float) -> int:
        """Return the number of unexpired tokens of a service account."""
        return sum(
            token.credential.id == client_id and now < token.expires_at
            for token in self._tokens.values()
        )

    def clear(self) -> None:
        """Revoke all issued tokens; static access tokens stay."""
        self._tokens.clear()

    def issue(self, request: Request, now: float) -> dict[str, Any]:
        """Handle a token request and return the body of its response.

        Raises:
            OAuthError: The request or its credentials are wrong, or too many tokens are active.
            Rejection: 429, too many requests.
        """
        self._check_rate(_basic(request)[0], request.peer, now)
        account = self._account(request)
        grant_type = _form(request).get("grant_type")
        if grant_type is None:
            raise OAuthError(400, "invalid_request", "The parameter grant_type is missing.")
        if grant_type != "client_credentials":
            text = "Only the grant type client_credentials is supported."
            raise OAuthError(400, "unsupported_grant_type", text)
        self._tokens = {key: t for key, t in self._tokens.items() if now < t.expires_at}
        limit = self._options.limits.active_tokens
        if limit is not None and self.count_active(account.id, now) >= limit:
            text = f"The service account has {limit} active tokens already."
            raise OAuthError(403, "access_denied", text)
        seconds = self._options.security.token_seconds
        token = _new_token(account.id, now, seconds)
        self._tokens[token] = _Token(account, now + seconds)
        return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}

    def revoke(self, request: Request) -> None:
        """Revoke a token; an unknown one, or another account's, is no error (RFC 7009).

        Raises:
            OAuthError: The request or its credentials are wrong.
        """
        account = self._account(request)
        form = _form(request)
        token = form.get("token")
        if token is None:
            raise OAuthError(400, "invalid_request", "The parameter token is missing.")
        if form.get("token_type_hint", "access_token") != "access_token":
            text = "Only access tokens can be revoked."
            raise OAuthError(400, "unsupported_token_type", text)
        known = self._tokens.get(token)
        if known is not None and known.credential == account:
            del self._tokens[token]

    def _account(self, request: Request) -> Credential:
        client_id, secret = _basic(request)
        # RFC 6749 requires form encoding inside Basic; most programs send the plain strings.
        account = self._accounts.get(client_id) or self._accounts.get(unquote_plus(client_id))
        if account is None or account.secret not in {secret, unquote_plus(secret)}:
            raise OAuthError(
                401,
                "invalid_client",
                "Client authentication failed.",
                {"Www-Authenticate": 'Basic realm="MMS Public API"'},
            )
        return account

    def _check_rate(self, client_id: str, peer: str, now: float) -> None:
        limits = self._options.limits
        limit = limits.token_requests_per_minute
        if limit is None:
            return
        times = self._request_times.setdefault((peer, client_id), deque())
        while times and now - times[0] >= _PERIOD_SECONDS:
            times.popleft()
        if len(times) >= limit:
            detail = f"Resource {TOKEN_PATH} is limited to {limit} requests every 1 minutes."
            headers: dict[str, str] = {}
            if limits.retry_after:
                wait = times[0] + _PERIOD_SECONDS - now if times else _PERIOD_SECONDS
                headers["Retry-After"] = str(max(1, math.ceil(wait)))
            raise Rejection(429, "RATE_LIMITED", detail, [TOKEN_PATH, limit, 1], headers=headers)
        times.append(now)


def _new_token(client_id: str, now: float, seconds: float) -> str:
    # A JWT, because Atlas's own programs cache a token only if they can read its expiry. The
    # third part is random instead of a signature.
    header = {"alg": "none", "typ": "JWT"}
    claims = {"exp": int(now + seconds), "iat": int(now), "sub": client_id}
    parts = (base64.urlsafe_b64encode(to_json(part)).rstrip(b"=") for part in (header, claims))
    return f"{b'.'.join(parts).decode()}.{secrets.token_urlsafe(32)}"


def _basic(request: Request) -> tuple[str, str]:
    scheme, _, encoded = (request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    client_id, _, secret = text.partition(":")
    return client_id, secret


def _form(request: Request) -> dict[str, str]:
    content_type = request.header("Content-Type") or ""
    if content_type.split(";", 1)[0].strip().lower() != _FORM:
        raise OAuthError(400, "invalid_request", f"The body must be {_FORM}.")
    try:
        fields = parse_qs(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise OAuthError(400, "invalid_request", "The form is malformed.") from None
    if any(len(values) > 1 for values in fields.values()):
        raise OAuthError(400, "invalid_request", "A parameter is repeated.")
    return {name: values[0] for name, values in fields.items()}
