"""A search for canaries in whatever a person, a log or a pickle could get to see."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import copy
import logging
import pickle
import traceback
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, ApiKey, AtlasBackups, AtlasError, ServiceAccount
from tests.bodies import error
from tests.door import BRIEF
from tests.raw_server import READ, RESET, always, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import MakeClient, Serve
    from tests.door import Door
    from tests.raw_server import Script

CANARY = "canary-5f0c0de0"
TOKEN = "canary-token-77aa"
BASIC = b64encode(f"mdb_sa_id_1:{CANARY}".encode()).decode()
SECRETS = (CANARY, TOKEN, BASIC)
CREDENTIALS = [
    ServiceAccount("mdb_sa_id_1", CANARY),
    ApiKey("public-key", CANARY),
    AccessToken(CANARY),
]
GRANTED = answer(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
CHALLENGE = {"WWW-Authenticate": 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'}
ECHO = f"Authorization: Basic {BASIC} / Bearer {TOKEN} / Bearer {CANARY} / secret={CANARY}"
ANSWERS = [
    pytest.param(answer(status, body, CHALLENGE if status == 401 else {}), id=f"{status}-{kind}")
    for status in (200, 302, 400, 401, 403, 404, 407, 408, 418, 429, 500, 503)
    for kind, body in {
        "text": ECHO,
        "detail": error(status, "X", ECHO),
        "everywhere": error(
            status,
            ECHO,
            ECHO,
            reason=ECHO,
            parameters=[ECHO, {ECHO: [ECHO]}],
            badRequestDetail={"fields": [{"field": ECHO, "description": ECHO}]},
        ),
        "oauth": {"error": "invalid_client", "error_description": ECHO},
        "no id": {"id": CANARY, TOKEN: BASIC},
    }.items()
]


@pytest.fixture(autouse=True)
def no_secret_in_any_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(1)
    logging.getLogger("atlas_backups").setLevel(1)
    yield
    logging.getLogger("atlas_backups").setLevel(logging.NOTSET)
    assert_clean(caplog.text, *[vars(record) for record in caplog.records])


def assert_clean(*things: object) -> None:
    for thing in things:
        for text in (str(thing), repr(thing)):
            assert [secret for secret in SECRETS if secret in text] == []


def assert_clean_error(raised: BaseException | None) -> None:
    while raised is not None:
        shown = "".join(traceback.TracebackException.from_exception(raised).format())
        assert_clean(raised, raised.args, vars(raised), shown)
        pickled = pickle.dumps(raised)
        assert [secret for secret in SECRETS if secret.encode() in pickled] == []
        raised = raised.__cause__ or raised.__context__


@pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda it: type(it).__name__)
def test_credentials_show_no_secret_and_are_never_pickled(credentials: Any) -> None:
    assert_clean(credentials, getattr(credentials, "__dict__", None), f"{credentials}")
    assert_clean(*[getattr(credentials, name) for name in dir(credentials)])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(credentials, protocol)
    assert copy.deepcopy(credentials) == credentials == copy.copy(credentials)


@pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda it: type(it).__name__)
def test_a_client_shows_no_secret_and_is_not_pickled_with_one(
    make_client: MakeClient, credentials: Any
) -> None:
    client = make_client(credentials)

    assert_clean(client, *[getattr(client, name, None) for name in dir(client)])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot pickle AtlasBackups"):
            pickle.dumps(client, protocol)


def test_a_proxys_password_is_a_secret_too(make_client: MakeClient) -> None:
    client = make_client(provide, proxy=f"http://user:{CANARY}@127.0.0.1:9")

    assert_clean(client)
    with pytest.raises(TypeError, match="proxy"):
        pickle.dumps(client)


def test_a_proxys_password_is_in_no_error(door: Door, make_client: MakeClient) -> None:
    client = make_client(
        AccessToken(TOKEN),
        base_url="https://atlas.invalid",
        proxy=f"http://user:{CANARY}@127.0.0.1:9",
        max_retries=1,
    )

    with pytest.raises(AtlasError) as caught:
        door.take(client)

    assert_clean_error(caught.value)


def provide() -> AccessToken:
    return AccessToken(CANARY)


def test_a_client_with_a_callable_or_the_environment_pickles(
    door: Door, make_client: MakeClient, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_ATLAS_ACCESS_TOKEN", CANARY)
    server, _ = serve(always(answer(200, {"id": "6" * 24})))

    for credentials in (None, provide):
        client = make_client(credentials, base_url=server.base_url, timeout=7)
        pickled = pickle.dumps(client)
        again: AtlasBackups = pickle.loads(pickled)  # our own pickle  # noqa: S301  # our own pickle
        with again:
            door.take(again)
        assert CANARY.encode() not in pickled

    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {CANARY}"}


@pytest.mark.parametrize("sent", ANSWERS)
@pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda it: type(it).__name__)
def test_an_echoed_secret_is_in_no_error(
    door: Door, serve: Serve, sent: bytes, credentials: Any
) -> None:
    first = GRANTED if isinstance(credentials, ServiceAccount) else sent
    script: Script = [READ, first, READ, sent, READ, first, READ, sent]
    _, client = serve(script, credentials=credentials, max_retries=0, total_timeout=BRIEF)

    with pytest.raises(AtlasError) as caught:
        door.take(client)

    if isinstance(credentials, ServiceAccount):
        assert_clean_error(caught.value)
    else:  # the others were never this client's secrets
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        assert CANARY.encode() not in pickle.dumps(caught.value)


@pytest.mark.parametrize("sent", ANSWERS)
def test_the_token_endpoint_may_echo_too(door: Door, serve: Serve, sent: bytes) -> None:
    credentials = ServiceAccount("mdb_sa_id_1", CANARY)
    _, client = serve(always(sent), credentials=credentials, max_retries=0)

    with pytest.raises(AtlasError) as caught:
        door.take(client)

    shown = "".join(traceback.format_exception(caught.value))
    assert (CANARY in shown, BASIC in shown) == (False, False)
    pickled = pickle.dumps(caught.value)
    assert (CANARY.encode() in pickled, BASIC.encode() in pickled) == (False, False)


def test_a_lost_connection_shows_no_secret(door: Door, serve: Serve) -> None:
    script: Script = [READ, GRANTED, READ, RESET]
    credentials = ServiceAccount("mdb_sa_id_1", CANARY)
    _, client = serve(script, credentials=credentials, max_retries=0, total_timeout=BRIEF)

    with pytest.raises(AtlasError) as caught:
        door.take(client)

    assert_clean_error(caught.value)


@pytest.mark.parametrize("ending", ["\n", "\x00", " "])
def test_an_unusable_secret_is_not_quoted(ending: str) -> None:
    for build in (
        lambda: ServiceAccount("id", CANARY + ending),
        lambda: ApiKey("id", CANARY + ending),
        lambda: AccessToken(CANARY + ending),
    ):
        with pytest.raises(AtlasError) as caught:
            build()
        assert_clean(caught.value, *caught.value.args)
