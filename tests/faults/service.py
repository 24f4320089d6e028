"""Scripts of a working service, and of one with faults instead of responses."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests.bodies import SNAPSHOT_ID, error, queued
from tests.flavor import PATH
from tests.raw_server import HEAR, READ, Choose, Received, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.raw_server import Script

TOKEN_PATH = "/api/oauth/token"
TOKEN = {
    "access_token": "a-token-of-a-raw-server",
    "expires_in": 3600,
    "token_type": "Bearer",
}
REVOKE_PATH = "/api/oauth/revoke"


def good(request: Received, headers: Mapping[str, str] | None = None, **changes: Any) -> bytes:
    """Return Atlas's response with one snapshot; `changes` are applied to its fields."""
    path = request.target.partition("?")[0]
    snapshot = queued(**changes)
    bodies: dict[str, Any] = {
        TOKEN_PATH: TOKEN,
        REVOKE_PATH: "",
        PATH: {"results": [snapshot], "totalCount": 1},
        f"{PATH}/shardedClusters": {"results": [], "totalCount": 0},
        f"{PATH}/{SNAPSHOT_ID}": snapshot,
    }
    if request.method == "POST" and path == PATH:
        return answer(200, {**snapshot, **request.json(), **changes}, headers)
    if path in bodies:
        return answer(200, bodies[path], headers)
    return answer(404, error(404, "RESOURCE_NOT_FOUND"), headers)


def good_next(
    requests: Sequence[Received], headers: Mapping[str, str] | None = None, **changes: Any
) -> bytes:
    """Return the response to the newest request; later reads show the description of a take."""
    newest = requests[-1]
    takes = [it.json() for it in requests[:-1] if it.method == "POST" and it.target == PATH]
    if takes and newest.method == "GET":
        taken = {name: takes[-1][name] for name in ("description",) if name in takes[-1]}
        changes = {**taken, **changes}
    return good(newest, headers, **changes)


def service(headers: Mapping[str, str] | None = None, **changes: Any) -> Script:
    """Return the script of a working service."""
    return [Repeat([READ, Choose(lambda requests: [good_next(requests, headers, **changes)])])]


def failing(
    steps: Callable[[Received], Script], method: str, *, skip: int = 0, times: int | None = None
) -> Script:
    """Run the steps instead of responding to requests of a method, after `skip` of them."""

    def choose(requests: Sequence[Received]) -> Script:
        newest = requests[-1]
        met = api_requests(requests, method)
        is_hit = newest in met and skip < len(met) and (times is None or len(met) - skip <= times)
        return steps(newest) if is_hit else [good_next(requests)]

    return [Repeat([READ, Choose(choose)])]


def failing_unread(steps: Script, *, skip: int = 0, times: int | None = None) -> Script:
    """Run the steps instead of reading a request, after `skip` requests."""
    hits = itertools.count(1)
    good_steps: Script = [READ, Choose(lambda requests: [good_next(requests)])]

    def choose(requests: Sequence[Received]) -> Script:
        is_hit = len(requests) == skip and (times is None or next(hits) <= times)
        return [HEAR, *steps] if is_hit else good_steps

    return [Repeat([Choose(choose)])]


def api_requests(requests: Sequence[Received], method: str) -> list[Received]:
    """Return the requests of a method, without those to the token endpoint."""
    return [it for it in requests if it.method == method and it.target.startswith("/api/atlas/")]
