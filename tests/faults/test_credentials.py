"""401: one retry with a new token or nonce."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import AccessToken, ApiKey, ServiceAccount, UnauthorizedError
from tests.bodies import error
from tests.faults.lab import CALLS, GET, check_success
from tests.faults.matrix_rows import EXPIRED, UNAUTHORIZED
from tests.faults.service import TOKEN, TOKEN_PATH, api_requests, good_next
from tests.raw_server import READ, Choose, Received, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.lab import Call, Lab
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


def authenticated_service(reject: Callable[[Received, str], bytes | None]) -> Script:
    """Respond unless `reject` returns an error; each token is a new one."""

    def choose(requests: Sequence[Received]) -> Script:
        newest = requests[-1]
        if newest.target == TOKEN_PATH:
            number = sum(request.target == TOKEN_PATH for request in requests)
            return [answer(200, {**TOKEN, "access_token": f"token-{number}"})]
        rejection = None
        if newest in api_requests(requests, newest.method):
            rejection = reject(newest, newest.headers.get("authorization", ""))
        return [rejection or good_next(requests)]

    return [Repeat([READ, Choose(choose)])]


def check_once_more(call: Call, outcome: object, received: Sequence[Received]) -> None:
    """Check a successful call with one additional request."""
    check_success(outcome)
    gets = call.gets_before + call.gets_after_success
    assert len(api_requests(received, "GET")) == gets + (0 if call.is_take else 2)
    assert len(api_requests(received, "POST")) == (2 if call.is_take else 0)
    authorizations = [it.headers["authorization"] for it in api_requests(received, call.method)]
    assert authorizations[0] != authorizations[1]


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("form", "rejection"), [("of Atlas", OF_ATLAS), ("with a challenge", WITH_CHALLENGE)]
)
def test_expired_token_is_refreshed_once(lab: Lab, form: str, rejection: bytes, call: Call) -> None:
    def reject(request: Received, authorization: str) -> bytes | None:
        is_hit = request.method == call.method and authorization == "Bearer token-1"
        return rejection if is_hit else None

    server = lab.start(authenticated_service(reject))
    client = lab.connect(server, call, credentials=SERVICE_ACCOUNT)

    outcome = call.run(lab.flavor, client)

    check_once_more(call, outcome, server.requests)
    lab.record(EXPIRED, f"token expired, 401 {form}", call, outcome, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_stale_nonce_is_replaced_once(lab: Lab, call: Call) -> None:
    is_stale = False

    def reject(request: Received, authorization: str) -> bytes | None:
        if not authorization:
            return challenge("first", stale=False)
        is_hit = is_stale and request.method == call.method and 'nonce="first"' in authorization
        return challenge("second", stale=True) if is_hit else None

    server = lab.start(authenticated_service(reject))
    client = lab.connect(server, call, credentials=API_KEY)
    check_success(GET.run(lab.flavor, client))
    before, is_stale = len(server.requests), True

    outcome = call.run(lab.flavor, client)

    received = server.requests[before:]
    check_once_more(call, outcome, received)
    lab.record(EXPIRED, "digest, stale=true", call, outcome, received)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "credentials", "rejection", "requests"),
    [
        ("service account, 401 of Atlas", SERVICE_ACCOUNT, OF_ATLAS, 2),
        ("service account, 401 with a challenge", SERVICE_ACCOUNT, WITH_CHALLENGE, 2),
        ("access token, 401 of Atlas", ACCESS_TOKEN, OF_ATLAS, 1),
        ("access token, 401 with a challenge", ACCESS_TOKEN, WITH_CHALLENGE, 1),
        ("API key", API_KEY, challenge("a", stale=False), 2),
        ("API key, stale=true each time", API_KEY, challenge("a", stale=True), 2),
    ],
)
def test_repeated_401_raises_unauthorized_error(  # noqa: PLR0913, PLR0917  # a row
    lab: Lab, name: str, credentials: Credentials, rejection: bytes, requests: int, call: Call
) -> None:
    def reject(request: Received, _: str) -> bytes | None:
        return rejection if request.method == call.method else None

    server = lab.start(authenticated_service(reject))
    client = lab.connect(server, call, credentials=credentials)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is UnauthorizedError
    assert len(api_requests(server.requests, call.method)) == requests
    lab.record(UNAUTHORIZED, f"{name}, always", call, outcome, server.requests)
