"""Who is calling, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Refusal, Scalar
from .message import Answer, Message
from .wire import pretty_as_given

if TYPE_CHECKING:
    from collections.abc import Callable

    from .digest import Digest
    from .options import Behaviour, Security
    from .tokens import TokenOffice
    from .world import Credential, Role

READ: frozenset[Role] = frozenset(
    {"GROUP_OWNER", "GROUP_BACKUP_MANAGER", "GROUP_BACKUP_CREATOR", "GROUP_READ_ONLY"}
)
TAKE: frozenset[Role] = frozenset({"GROUP_OWNER", "GROUP_BACKUP_MANAGER", "GROUP_BACKUP_CREATOR"})
MANAGE: frozenset[Role] = frozenset({"GROUP_OWNER", "GROUP_BACKUP_MANAGER"})


class Unauthorized(Exception):  # noqa: N818 - an answer of the service, not a failure of ours
    """401 before anything was looked at.

    Args:
        challenge: The `Www-Authenticate` header.
    """

    def __init__(self, challenge: str) -> None:
        super().__init__(challenge)
        self.challenge = challenge


class Gate:
    """Lets requests in. Not locked: the service does that."""

    def __init__(
        self,
        credentials: tuple[Credential, ...],
        tokens: TokenOffice,
        digest: Digest,
        security: Callable[[], Security],
    ) -> None:
        self._keys = {c.id: c for c in credentials if c.kind == "api_key"}
        self._tokens = tokens
        self._digest = digest
        self._security = security

    def enter(self, message: Message, now: float) -> Credential:
        """Return whose request this is.

        Raises:
            Unauthorized: No credentials, or wrong ones.
            Refusal: 403, the address is not on the access list.
        """
        credential = self._authenticate(message, now)
        security = self._security()
        if security.access_list is not None and message.peer not in security.access_list:
            detail = f"IP address {message.peer} is not allowed to access this resource."
            parameters: list[Scalar] = [message.peer]
            if security.access_list_code.startswith("ORG_"):
                detail = "This organization requires access through an IP access list."
                parameters = []
            raise Refusal(403, security.access_list_code, detail, parameters)
        return credential

    def _authenticate(self, message: Message, now: float) -> Credential:
        scheme, _, rest = (message.header("Authorization") or "").partition(" ")
        if scheme.lower() == "bearer":
            holder = self._tokens.holder(rest.strip(), now)
            if holder is None:
                raise Unauthorized('Bearer realm="MMS Public API", error="invalid_token"')
            return holder
        if scheme.lower() == "digest":
            return self._check_digest(rest, message, now)
        raise Unauthorized(self._digest.challenge(now, stale=False))

    def _check_digest(self, text: str, message: Message, now: float) -> Credential:
        key = self._keys.get(self._digest.user(text) or "")
        if key is None:
            raise Unauthorized(self._digest.challenge(now, stale=False))
        verdict = self._digest.verify(text, key.secret, message.method, message.target, now)
        if verdict != "granted":
            raise Unauthorized(self._digest.challenge(now, stale=verdict == "stale"))
        return key


def unauthorized_answer(challenge: str) -> Answer:
    """Return the 401 of the gate, which is pretty-printed and has few headers, as recorded."""
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
        "Www-Authenticate": challenge,
    }
    return Answer(401, headers, pretty_as_given(body))


def check_project(credential: Credential, group_id: str) -> None:
    """Refuse a project that the credential may not enter."""
    if credential.group_ids is not None and group_id not in credential.group_ids:
        detail = f"The current user cannot access group {group_id}."
        raise Refusal(401, "USER_CANNOT_ACCESS_GROUP", detail, [group_id])


def check_role(credential: Credential, allowed: frozenset[Role], behaviour: Behaviour) -> None:
    """Refuse a credential that has none of the roles."""
    if credential.roles & allowed:
        return
    if behaviour.role_refusal == 403:  # noqa: PLR2004 - a status
        raise Refusal(403, "ACCESS_FORBIDDEN", "The caller lacks the role for this action.")
    detail = "Current user is not authorized to perform this action."
    raise Refusal(401, "USER_UNAUTHORIZED", detail)
