"""401: once more with a new token or nonce, and no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import AccessToken, ApiKey, ServiceAccount, UnauthorizedError
from tests.bodies import error
from tests.faults.calls import CALLS, GET
from tests.faults.fault import check_success
from tests.faults.rows import EXPIRED, UNAUTHORIZED
from tests.faults.service import TOKEN, TOKEN_PATH, api_requests, good_next
from tests.raw_server import READ, Choose, Received, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.calls import Call
    from tests.faults.lab import Lab
    from tests.raw_server import Script

    Credentials = ServiceAccount | ApiKey | AccessToken

SERVICE_ACCOUNT = ServiceAccount("mdb_sa_id_of_a_test", "a-secret-for-a-raw-server")
API_KEY = ApiKey("publickey", "a-private-key-for-a-raw-server")
ACCESS_TOKEN = AccessToken("a-token-for-a-raw-server")
OF_ATLAS = answer(401, error(401, "A_NEW_CODE"))
WITH_CHALLENGE = answer(401, "", {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def challenge(nonce: str, *, stale: bool) -> bytes:
    parameters = f'realm="MMS Public API", nonce="{nonce}", algorithm=MD5, qop="auth"'
    value = f"Digest {parameters}, stale={str(stale).lower()}"
    return answer(401, "", {"WWW-Authenticate": value})


def guarded(refusal_of: Callable[[Received, str], bytes | None]) -> Script:
    """Serve what is not refused by its `Authorization`; each token is a new one."""

    def choose(requests: Sequence[Received]) -> Script:
        newest = requests[-1]
        if newest.target == TOKEN_PATH:
            number = sum(request.target == TOKEN_PATH for request in requests)
            return [answer(200, {**TOKEN, "access_token": f"token-{number}"})]
        refusal = None
        if newest in api_requests(requests, newest.method):
            refusal = refusal_of(newest, newest.headers.get("authorization", ""))
        return [refusal or good_next(requests)]

    return [Repeat([READ, Choose(choose)])]


def check_once_more(call: Call, end: object, received: Sequence[Received]) -> None:
    """Compare with a call that went well, but for one request more."""
    check_success(end)
    gets = call.gets_before + call.gets_after_success
    assert len(api_requests(received, "GET")) == gets + (0 if call.is_take else 2)
    assert len(api_requests(received, "POST")) == (2 if call.is_take else 0)
    authorizations = [it.headers["authorization"] for it in api_requests(received, call.method)]
    assert authorizations[0] != authorizations[1]


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("form", "refusal"), [("of Atlas", OF_ATLAS), ("with a challenge", WITH_CHALLENGE)]
)
def test_a_token_that_has_expired(lab: Lab, form: str, refusal: bytes, call: Call) -> None:
    def refusal_of(request: Received, authorization: str) -> bytes | None:
        is_hit = request.method == call.method and authorization == "Bearer token-1"
        return refusal if is_hit else None

    server = lab.start(guarded(refusal_of))
    client = lab.connect(server, call, credentials=SERVICE_ACCOUNT)

    end = call.run(lab.flavor, client)

    check_once_more(call, end, server.requests)
    lab.record(EXPIRED, f"token expired, 401 {form}", call, end, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_nonce_that_is_stale(lab: Lab, call: Call) -> None:
    is_stale = False

    def refusal_of(request: Received, authorization: str) -> bytes | None:
        if not authorization:
            return challenge("first", stale=False)
        is_hit = is_stale and request.method == call.method and 'nonce="first"' in authorization
        return challenge("second", stale=True) if is_hit else None

    server = lab.start(guarded(refusal_of))
    client = lab.connect(server, call, credentials=API_KEY)
    check_success(GET.run(lab.flavor, client))
    before, is_stale = len(server.requests), True

    end = call.run(lab.flavor, client)

    received = server.requests[before:]
    check_once_more(call, end, received)
    lab.record(EXPIRED, "digest, stale=true", call, end, received)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "credentials", "refusal", "requests"),
    [
        ("service account, 401 of Atlas", SERVICE_ACCOUNT, OF_ATLAS, 2),
        ("service account, 401 with a challenge", SERVICE_ACCOUNT, WITH_CHALLENGE, 2),
        ("access token, 401 of Atlas", ACCESS_TOKEN, OF_ATLAS, 1),
        ("access token, 401 with a challenge", ACCESS_TOKEN, WITH_CHALLENGE, 1),
        ("API key", API_KEY, challenge("a", stale=False), 2),
        ("API key, stale=true each time", API_KEY, challenge("a", stale=True), 2),
    ],
)
def test_a_401_that_comes_again(  # noqa: PLR0913, PLR0917  # a row
    lab: Lab, name: str, credentials: Credentials, refusal: bytes, requests: int, call: Call
) -> None:
    def refusal_of(request: Received, _: str) -> bytes | None:
        return refusal if request.method == call.method else None

    server = lab.start(guarded(refusal_of))
    client = lab.connect(server, call, credentials=credentials)

    end = call.run(lab.flavor, client)

    assert type(end) is UnauthorizedError
    assert len(api_requests(server.requests, call.method)) == requests
    lab.record(UNAUTHORIZED, f"{name}, always", call, end, server.requests)
