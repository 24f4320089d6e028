"""The service without its sockets: one request in, one answer out."""

from __future__ import annotations

import heapq
import itertools
import re
import threading
import traceback
from typing import TYPE_CHECKING, Any

from . import errors, media, query, routes, wire
from .access import Gate, Unauthorized, check_project, check_role, unauthorized_answer
from .call import Call, Outcome
from .digest import Digest
from .errors import Refusal
from .limits import RateLimiter
from .message import Answer, Message
from .operations import Operations
from .query import Presentation
from .store import Store
from .tokens import REVOKE_PATH, TOKEN_PATH, OAuthRefusal, TokenOffice

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Clock
    from .options import Options
    from .world import Credential, World

_GROUP_ID = re.compile(r"[a-f0-9]{24}")
_CLUSTER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")
_LONGEST_NAME = 64
_JSON = "application/json"
_GUARDED = "/api/atlas/"
USUAL_HEADERS = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Server": "mdbws",
    "Strict-Transport-Security": "max-age=31536000; includeSubdomains;",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}


class AtlasService:
    """Answers requests. Safe to share between threads: one lock guards everything.

    Args:
        world: What exists at first.
        options: Settings, read at every use.
        clock: The time of everything.
        base_url: Gives the emulator's own address, for links.
        base_path: What every path begins with, before `/api`; usually empty.
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
        self.tokens: TokenOffice = TokenOffice(
            world.credentials, lambda: options.security, lambda: options.limits
        )
        self.digest: Digest = Digest(lambda: options.security)
        self._gate = Gate(world.credentials, self.tokens, self.digest, lambda: options.security)
        self._limiter = RateLimiter(lambda: options.limits)
        self._operations = Operations(self.store, options, base_url)
        self._options = options
        self._base_url = base_url
        self._base_path = base_path
        self._late: list[tuple[float, int, Message, Credential]] = []
        self._order = itertools.count()

    def answer(self, message: Message) -> Answer:
        """Carry out a request and return what to send back; never raises."""
        with self.lock:
            try:
                now = self.settle()
                return self._answer(message, now)
            except Exception:  # noqa: BLE001 - a fault of ours must look like one of the server's
                self.record_failure()
                body = errors.error_body(500, "UNEXPECTED_ERROR", "Unexpected error.")
                return Answer(500, _error_headers("UNEXPECTED_ERROR"), wire.compact(body))

    def record_failure(self) -> None:
        """Keep the traceback of the exception that is being handled."""
        with self.lock:
            self.failures.append(traceback.format_exc())

    def answer_later(self, message: Message, seconds: float) -> None:
        """Let a request in now and carry it out `seconds` later, whoever is still waiting."""
        with self.lock:
            now = self.settle()
            try:
                credential = self._gate.enter(message, now)
            except (Unauthorized, Refusal):
                return
            entry = (now + seconds, next(self._order), message, credential)
            heapq.heappush(self._late, entry)

    def settle(self) -> float:
        """Carry out what was put off and is due by now; return the present time."""
        with self.lock:
            now = self.clock.now()
            while self._late and self._late[0][0] <= now:
                due, _, message, credential = heapq.heappop(self._late)
                self._api(message, self._path(message), credential, due)
            return now

    def _path(self, message: Message) -> str:
        return message.path.removeprefix(self._base_path)

    def _answer(self, message: Message, now: float) -> Answer:
        path = self._path(message)
        if not message.path.startswith(self._base_path + "/"):
            return self._refuse(errors.resource_not_found(message.path), {}, Presentation())
        if path in {TOKEN_PATH, REVOKE_PATH}:
            return self._oauth(message, path, now)
        shown = query.peek(message.query)
        if not path.startswith(_GUARDED):
            return self._refuse(errors.resource_not_found(path), {}, shown)
        try:
            credential = self._gate.enter(message, now)
        except Unauthorized as refusal:
            # Not wrapped even with envelope=true: a challenge in a body could not be answered.
            return unauthorized_answer(refusal.challenge)
        except Refusal as refusal:
            return self._refuse(refusal, {}, shown)
        return self._api(message, path, credential, now)

    def _api(self, message: Message, path: str, credential: Credential, now: float) -> Answer:
        headers: dict[str, str] = {}
        shown = query.peek(message.query)
        try:
            route, parameters = routes.find(message.method, path)
            version = media.negotiate(message.header("Accept"), route.resource, now)
            notices = self._options.behaviour.notices
            targets = {route.name, route.resource}
            headers.update(media.notice_headers(notices, targets, version, path))
            _check_path(parameters)
            group_id = parameters.get("groupId")
            if group_id is not None:
                self.store.project(group_id)
                check_project(credential, group_id)
            owner = group_id or f"{credential.kind} {credential.id}"
            headers.update(self._limiter.count(route.resource, owner, route.template, now))
            if route.roles is not None:
                check_role(credential, route.roles, self._options.behaviour)
            values, shown = query.read(message.query, route.parameters)
            if route.has_body:
                media.check_content_type(message.header("Content-Type"))
            address = f"{self._base_url()}{path}"
            call = Call(parameters, values, message.body, credential, version, address, now)
            outcome = self._operations.run(route.name, call)
        except Refusal as refusal:
            return self._refuse(refusal, headers, shown)
        return self._success(outcome, version, headers, shown)

    def _success(
        self, outcome: Outcome, version: str, headers: dict[str, str], shown: Presentation
    ) -> Answer:
        headers = {"Content-Type": media.content_type_of(version), **headers, **USUAL_HEADERS}
        status = 204 if outcome.value is None else 200
        if not shown.envelope:
            return Answer(status, headers, _write(outcome.value, shown))
        if outcome.is_list:
            return Answer(200, headers, _write({**(outcome.value or {}), "status": status}, shown))
        wrapped = {"content": outcome.value or {}, "status": status}
        return Answer(200, headers, _write(wrapped, shown))

    def _refuse(self, refusal: Refusal, headers: dict[str, str], shown: Presentation) -> Answer:
        headers = {**_error_headers(refusal.code), **headers, **refusal.headers}
        if shown.envelope:
            body = {"content": refusal.body, "status": refusal.status}
            return Answer(200, headers, _write(body, shown))
        return Answer(refusal.status, headers, _write(refusal.body, shown))

    def _oauth(self, message: Message, path: str, now: float) -> Answer:
        authorization = message.header("Authorization")
        content_type = message.header("Content-Type")
        usual = {"Content-Type": _JSON, "Cache-Control": "no-store", "Server": "mdbws"}
        try:
            if message.method != "POST":
                raise errors.method_not_allowed(message.method, path, ["POST"])
            if path == REVOKE_PATH:
                self.tokens.revoke(authorization, content_type, message.body)
                return Answer(200, {"Server": "mdbws"})
            granted = self.tokens.grant(
                authorization, content_type, message.body, message.peer, now
            )
            return Answer(200, usual, wire.compact(granted))
        except OAuthRefusal as refusal:
            headers = {**usual, **refusal.headers}
            return Answer(refusal.status, headers, wire.compact(refusal.body))
        except Refusal as refusal:
            return self._refuse(refusal, {}, Presentation())


def _error_headers(code: str) -> dict[str, str]:
    return {
        "Content-Type": _JSON,
        **USUAL_HEADERS,
        "Vary": "Accept-Encoding",
        "X-Error-Code": code,
    }


def _write(value: dict[str, Any] | None, shown: Presentation) -> bytes:
    if value is None:
        return b""
    return wire.pretty(value) if shown.pretty else wire.compact(value)


def _check_path(parameters: dict[str, str]) -> None:
    for name, pattern in (("groupId", _GROUP_ID), ("clusterName", _CLUSTER_NAME)):
        value = parameters.get(name)
        if value is not None and not pattern.fullmatch(value):
            raise errors.invalid_path_parameter(name, value)
    group_name = parameters.get("groupName")
    if group_name is not None and not 1 <= len(group_name) <= _LONGEST_NAME:
        raise errors.invalid_path_parameter("groupName", group_name)
