"""The service without sockets: authenticates, routes and carries out one request at a time."""

from __future__ import annotations

import heapq
import itertools
import re
import threading
import traceback
from typing import TYPE_CHECKING, Any

from . import operations as operations  # noqa: PLC0414 - importing it registers the routes
from .auth import (
    REVOKE_PATH,
    TOKEN_PATH,
    Authenticator,
    OAuthError,
    TokenIssuer,
    Unauthorized,
    check_project,
    check_role,
)
from .errors import Rejection, error_body, rejection
from .http_request import Request, Response
from .rate_limiter import RateLimiter
from .request_parsing import (
    Presentation,
    check_content_type,
    negotiate_version,
    notice_headers,
    parse_query,
    peek_presentation,
)
from .routing import Call, Outcome, find_route
from .serialization import to_json, to_pretty_json
from .store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Clock
    from .options import Options
    from .seed import Credential, World

_GROUP_ID = re.compile(r"[a-f0-9]{24}")
_CLUSTER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")
_MAX_NAME = 64
_JSON = "application/json"
_AUTHENTICATED = "/api/atlas/"
COMMON_HEADERS = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Server": "mdbws",
    "Strict-Transport-Security": "max-age=31536000; includeSubdomains;",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}


class AtlasService:
    """Handles requests. Thread-safe: one lock guards all state.

    Args:
        world: The initial content.
        options: Settings, read at every use.
        clock: The time source.
        base_url: Returns the emulator's own address, for links.
        base_path: Prefix of every path, before `/api`; usually empty.
    """

    def __init__(
        self,
        world: World,
        options: Options,
        clock: Clock,
        base_url: Callable[[], str],
        base_path: str = "",
    ) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.clock = clock
        self.store: Store = Store(world, options, clock.now())
        self.failures: list[str] = []
        self.tokens: TokenIssuer = TokenIssuer(world.credentials, options)
        self.authenticator: Authenticator = Authenticator(world.credentials, self.tokens, options)
        self._limiter = RateLimiter(options)
        self._options = options
        self._base_url = base_url
        self._base_path = base_path
        self._scheduled: list[tuple[float, int, Request, Credential]] = []
        self._order = itertools.count()

    def handle(self, request: Request) -> Response:
        """Carry out a request and return its response; never raises."""
        with self.lock:
            try:
                return self._handle(request, self.run_scheduled())
            except Exception:  # noqa: BLE001 - clients must see a server error
                self.record_failure()
                body = error_body(500, "UNEXPECTED_ERROR", "Unexpected error.")
                return Response(500, _error_headers("UNEXPECTED_ERROR"), to_json(body))

    def record_failure(self) -> None:
        """Store the traceback of the exception that is being handled."""
        with self.lock:
            self.failures.append(traceback.format_exc())

    def handle_later(self, request: Request, seconds: float) -> None:
        """Authenticate a request now and carry it out `seconds` later, without a response."""
        with self.lock:
            now = self.run_scheduled()
            try:
                credential = self.authenticator.authenticate(request, now)
            except (Unauthorized, Rejection):
                return
            entry = (now + seconds, next(self._order), request, credential)
            heapq.heappush(self._scheduled, entry)

    def run_scheduled(self) -> float:
        """Carry out the scheduled requests that are due; return the current time."""
        with self.lock:
            now = self.clock.now()
            while self._scheduled and self._scheduled[0][0] <= now:
                due, _, request, credential = heapq.heappop(self._scheduled)
                self._call(request, request.path.removeprefix(self._base_path), credential, due)
            return now

    def _handle(self, request: Request, now: float) -> Response:
        path = request.path.removeprefix(self._base_path)
        if not request.path.startswith(self._base_path + "/"):
            return _error(rejection("RESOURCE_NOT_FOUND", request.path), {}, Presentation())
        if path in {TOKEN_PATH, REVOKE_PATH}:
            return self._handle_oauth(request, path, now)
        layout = peek_presentation(request.query)
        if not path.startswith(_AUTHENTICATED):
            return _error(rejection("RESOURCE_NOT_FOUND", path), {}, layout)
        try:
            credential = self.authenticator.authenticate(request, now)
        except Unauthorized as error:
            # No envelope even with envelope=true: a client cannot read a challenge in a body.
            return error.response()
        except Rejection as error:
            return _error(error, {}, layout)
        return self._call(request, path, credential, now)

    def _call(self, request: Request, path: str, credential: Credential, now: float) -> Response:
        headers: dict[str, str] = {}
        layout = peek_presentation(request.query)
        try:
            route, parameters = find_route(request.method, path)
            version = negotiate_version(request.header("Accept"), route.resource, now)
            behaviour = self._options.behaviour
            targets = {route.name, route.resource}
            headers.update(notice_headers(behaviour.notices, targets, version, path))
            _check_path(parameters)
            group_id = parameters.get("groupId")
            if group_id is not None:
                self.store.project(group_id)
                check_project(credential, group_id)
            owner = group_id or f"{credential.kind} {credential.id}"
            headers.update(self._limiter.acquire(route.resource, owner, route.template, now))
            if route.roles is not None:
                check_role(credential, route.roles, behaviour)
            query, layout = parse_query(request.query, route.query)
            if route.has_body:
                check_content_type(request.header("Content-Type"))
            base_url = self._base_url()
            outcome = route.handler(
                Call(
                    parameters=parameters,
                    query=query,
                    body=request.body,
                    credential=credential,
                    version=version,
                    base_url=base_url,
                    address=f"{base_url}{path}",
                    now=now,
                    store=self.store,
                    behaviour=behaviour,
                )
            )
        except Rejection as error:
            return _error(error, headers, layout)
        content_type = f"application/vnd.atlas.{version}+json;charset=utf-8"
        headers = {"Content-Type": content_type, **headers, **COMMON_HEADERS}
        return _success(outcome, headers, layout)

    def _handle_oauth(self, request: Request, path: str, now: float) -> Response:
        headers = {"Content-Type": _JSON, "Cache-Control": "no-store", "Server": "mdbws"}
        try:
            if request.method != "POST":
                allowed = {"Allow": "POST"}
                raise rejection("METHOD_NOT_ALLOWED", request.method, path, headers=allowed)
            if path == REVOKE_PATH:
                self.tokens.revoke(request)
                return Response(200, {"Server": "mdbws"})
            return Response(200, headers, to_json(self.tokens.issue(request, now)))
        except OAuthError as error:
            return Response(error.status, {**headers, **error.headers}, to_json(error.body))
        except Rejection as error:
            return _error(error, {}, Presentation())


def _success(outcome: Outcome, headers: dict[str, str], layout: Presentation) -> Response:
    value = outcome.value
    status = 204 if value is None else 200
    if not layout.envelope:
        return Response(status, headers, b"" if value is None else _serialize(value, layout))
    wrapped = {"content": value or {}, "status": status}
    if outcome.is_list:
        wrapped = {**(value or {}), "status": status}
    return Response(200, headers, _serialize(wrapped, layout))


def _error(error: Rejection, headers: dict[str, str], layout: Presentation) -> Response:
    headers = {**_error_headers(error.code), **headers, **error.headers}
    if layout.envelope:
        body = {"content": error.body, "status": error.status}
        return Response(200, headers, _serialize(body, layout))
    return Response(error.status, headers, _serialize(error.body, layout))


def _error_headers(code: str) -> dict[str, str]:
    return {
        "Content-Type": _JSON,
        **COMMON_HEADERS,
        "Vary": "Accept-Encoding",
        "X-Error-Code": code,
    }


def _serialize(value: dict[str, Any], layout: Presentation) -> bytes:
    return to_pretty_json(value) if layout.pretty else to_json(value)


def _check_path(parameters: dict[str, str]) -> None:
    for name, pattern in (("groupId", _GROUP_ID), ("clusterName", _CLUSTER_NAME)):
        value = parameters.get(name)
        if value is not None and not pattern.fullmatch(value):
            raise rejection("INVALID_PATH_PARAMETER", name, value)
    group_name = parameters.get("groupName")
    if group_name is not None and not 1 <= len(group_name) <= _MAX_NAME:
        raise rejection("INVALID_PATH_PARAMETER", "groupName", group_name)
