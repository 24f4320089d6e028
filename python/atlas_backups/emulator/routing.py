"""Routes: which method and path belong to which operation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .auth import READ
from .errors import rejection
from .request_parsing import COMMON

if TYPE_CHECKING:
    from collections.abc import Callable

    from .options import Behaviour
    from .request_parsing import Query
    from .seed import Credential, Role
    from .store import Store

_PREFIX = "/api/atlas/v2/groups"
_SNAPSHOT_ID = re.compile(r"[a-f0-9]{24}")


@dataclass(frozen=True)
class Call:
    """One authenticated and parsed request."""

    parameters: dict[str, str]
    query: Query
    body: bytes
    credential: Credential
    version: str
    base_url: str
    address: str
    now: float
    store: Store
    behaviour: Behaviour

    @property
    def group_id(self) -> str:
        """The project id in the path."""
        return self.parameters["groupId"]

    @property
    def snapshot_id(self) -> str:
        """The snapshot id in the path; an invalid one is rejected with 404."""
        snapshot_id = self.parameters["snapshotId"]
        if not _SNAPSHOT_ID.fullmatch(snapshot_id):
            raise rejection("INVALID_SNAPSHOT_ID", snapshot_id)
        return snapshot_id


@dataclass(frozen=True)
class Outcome:
    """The result of an operation; `value` None: 204."""

    value: dict[str, Any] | None
    is_list: bool = False


@dataclass(frozen=True, kw_only=True)
class Route:
    """One operation.

    Args:
        name: Its name, which `VersionNotice.target` may use.
        method: HTTP method.
        template: Path with its parameters in braces.
        resource: The kind of resource, which decides version and rate limit.
        roles: Roles that may call it; None: every credential.
        query: Names of its query parameters.
        has_body: Whether it reads a JSON body.
        handler: Carries it out.
    """

    name: str
    method: str
    template: str
    resource: str
    roles: frozenset[Role] | None
    query: frozenset[str]
    has_body: bool
    handler: Callable[[Call], Outcome]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path parameters if the path matches."""
        template = self.template.split("/")
        if len(segments) != len(template):
            return None
        found: dict[str, str] = {}
        for expected, segment in zip(template, segments, strict=True):
            if expected.startswith("{"):
                found[expected[1:-1]] = unquote(segment)
            elif expected != segment:
                return None
        return found


# The first match wins, so literal segments are registered before parameters.
_ROUTES: list[Route] = []


def route(  # noqa: PLR0913 - the parts of a route
    name: str,
    method: str,
    path: str,
    resource: str,
    *,
    roles: frozenset[Role] | None = READ,
    query: frozenset[str] = frozenset(),
    has_body: bool = False,
) -> Callable[[Callable[[Call], Outcome]], Callable[[Call], Outcome]]:
    """Register a function as the handler of a route; `path` follows `/groups`."""

    def register(handler: Callable[[Call], Outcome]) -> Callable[[Call], Outcome]:
        _ROUTES.append(
            Route(
                name=name,
                method=method,
                template=_PREFIX + path,
                resource=resource,
                roles=roles,
                query=query | COMMON,
                has_body=has_body,
                handler=handler,
            )
        )
        return handler

    return register


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and its path parameters.

    Raises:
        Rejection: 404 for an unknown path, 405 for a method that the path does not have.
    """
    segments = path.split("/")
    allowed: list[str] = []
    template = None
    for candidate in _ROUTES:
        parameters = candidate.match(segments)
        if parameters is None or template not in {None, candidate.template}:
            continue
        if candidate.method == method:
            return candidate, parameters
        template = candidate.template
        allowed.append(candidate.method)
    if allowed:
        headers = {"Allow": ", ".join(allowed)}
        raise rejection("METHOD_NOT_ALLOWED", method, path, headers=headers)
    raise rejection("RESOURCE_NOT_FOUND", path)
