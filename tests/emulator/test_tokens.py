from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Credential, Limits, Project, Security, World, default_world

if TYPE_CHECKING:
    from .conftest import Api, Reply, Run

GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9aa"


def reader(**changes: object) -> Credential:
    values: dict[str, object] = {
        "kind": "access_token",
        "secret": "reading",
        "roles": frozenset({"GROUP_READ_ONLY"}),
        **changes,
    }
    return Credential(**values)  # type: ignore[arg-type]


def granted(api: Api) -> str:
    reply = api.token()
    assert reply.status == 200, reply
    token: str = reply.json()["access_token"]
    return token


def revoke(api: Api, token: str, account: Credential | None = None) -> Reply:
    account = account or api.emulator.credential("service_account")
    pair = base64.b64encode(f"{account.id}:{account.secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {pair}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    form = f"token={token}&token_type_hint=access_token".encode()
    return api.send("POST", "/api/oauth/revoke", form, headers)


def test_token_is_issued_and_accepted(api: Api) -> None:
    reply = api.token()

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    view = reply.json()
    assert list(view) == ["access_token", "expires_in", "token_type"]
    assert (view["expires_in"], view["token_type"]) == (3600, "Bearer")
    assert api.with_token(view["access_token"]).status == 200


def test_token_is_jwt_with_expiry(run: Run) -> None:
    api = run(security=Security(token_seconds=1234))
    tokens = [api.token().json()["access_token"] for _ in range(2)]

    for token in tokens:
        header, claims, last = (part(text) for text in token.split("."))
        assert json.loads(header)["typ"] == "JWT"
        assert json.loads(claims)["exp"] == int(api.clock.now()) + 1234
        assert json.loads(claims)["sub"] == api.emulator.credential("service_account").id
        assert len(last) == 32
    assert tokens[0] != tokens[1]
    assert api.with_token(tokens[0]).status == 200
    assert api.with_token(tokens[0].rpartition(".")[0] + ".").status == 401


def part(text: str) -> bytes:
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_token_expires_by_emulator_clock(run: Run) -> None:
    api = run(security=Security(token_seconds=100))
    token = granted(api)

    api.clock.advance(99.9)
    before = api.with_token(token)
    api.clock.advance(0.1)
    after = api.with_token(token)

    assert before.status == 200
    assert after.status == 401
    assert after.code == "UNEXPECTED_ERROR"
    assert after.headers["www-authenticate"].startswith("Bearer ")


def test_unknown_token_is_rejected(api: Api) -> None:
    reply = api.with_token("made-up")

    assert reply.status == 401
    assert reply.json()["error"] == 401


def test_revoked_token_is_rejected(api: Api) -> None:
    token = granted(api)

    reply = revoke(api, token)

    assert (reply.status, reply.body) == (200, b"")
    assert api.with_token(token).status == 401
    assert api.emulator.active_tokens() == 0


def test_token_of_other_account_is_not_revoked(api: Api) -> None:
    token = granted(api)

    reply = revoke(api, token, api.emulator.credential("service_account", read_only=True))

    assert reply.status == 200
    assert api.with_token(token).status == 200


def test_revoking_unknown_token_succeeds(api: Api) -> None:
    assert revoke(api, "made-up").status == 200


def test_forget_tokens_keeps_static_token(api: Api) -> None:
    token = granted(api)

    api.emulator.forget_tokens()

    assert api.with_token(token).status == 401
    assert api.get().status == 200


@pytest.mark.parametrize(
    ("form", "content_type", "status", "error"),
    [
        ("", "application/x-www-form-urlencoded", 400, "invalid_request"),
        ("grant_type=password", "application/x-www-form-urlencoded", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials", "application/json", 400, "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=x",
            "application/x-www-form-urlencoded",
            400,
            "invalid_request",
        ),
    ],
)
def test_invalid_form_gets_oauth_error(
    api: Api, form: str, content_type: str, status: int, error: str
) -> None:
    account = api.emulator.credential("service_account")
    pair = base64.b64encode(f"{account.id}:{account.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": content_type}

    reply = api.send("POST", "/api/oauth/token", form.encode(), headers)

    assert (reply.status, reply.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    "authorization",
    [None, "Basic", "Basic !!!", "Basic Zm9v", "Bearer x", "wrong secret", "API key"],
)
def test_invalid_credentials_get_invalid_client(api: Api, authorization: str | None) -> None:
    pairs = {
        "wrong secret": (api.emulator.credential("service_account").id, "wrong"),
        "API key": (
            api.emulator.credential("api_key").id,
            api.emulator.credential("api_key").secret,
        ),
    }
    if authorization in pairs:
        pair = ":".join(pairs[authorization]).encode()
        authorization = "Basic " + base64.b64encode(pair).decode()
    headers = {
        "Authorization": authorization,
        "Content-Type": "application/x-www-form-urlencoded",
    }

    reply = api.send("POST", "/api/oauth/token", b"grant_type=client_credentials", headers)

    assert reply.status == 401
    assert set(reply.json()) == {"error", "error_description"}
    assert reply.json()["error"] == "invalid_client"


def test_basic_credentials_may_be_form_encoded(run: Run) -> None:
    account = Credential(kind="service_account", id="my id", secret="a+b%/:c")
    credentials = (account, reader())
    api = run(world=World(projects=(Project(name="P", id=GROUP_ID),), credentials=credentials))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    statuses: list[int] = []

    for pair in ("my id:a+b%/:c", "my+id:a%2Bb%25%2F%3Ac"):
        encoded = base64.b64encode(pair.encode()).decode()
        headers["Authorization"] = f"Basic {encoded}"
        form = b"grant_type=client_credentials"
        statuses.append(api.send("POST", "/api/oauth/token", form, headers).status)

    assert statuses == [200, 200]


def test_token_endpoint_requires_post(api: Api) -> None:
    reply = api.send("GET", "/api/oauth/token")

    assert (reply.status, reply.code) == (405, "METHOD_NOT_ALLOWED")


def test_token_requests_are_limited_to_50_a_minute(api: Api) -> None:
    statuses = [api.token().status for _ in range(50)]
    rejected = api.token()
    api.clock.advance(60)
    later = api.token()

    assert statuses == [200] * 50
    assert (rejected.status, rejected.code) == (429, "RATE_LIMITED")
    assert rejected.json()["parameters"] == ["/api/oauth/token", 50, 1]
    assert rejected.headers["retry-after"] == "60"
    assert later.status == 200


def test_active_tokens_are_limited(run: Run) -> None:
    api = run(limits=Limits(active_tokens=3), security=Security(token_seconds=100))
    tokens = [granted(api) for _ in range(3)]

    denied = api.token()
    revoke(api, tokens[0])
    after_revoking = api.token()
    api.clock.advance(100)
    after_expiry = api.token()

    assert (denied.status, denied.json()["error"]) == (403, "access_denied")
    assert after_revoking.status == 200
    assert after_expiry.status == 200
    assert api.emulator.active_tokens() == 1


def test_default_limit_is_100_active_tokens(run: Run) -> None:
    api = run(limits=Limits(token_requests_per_minute=None))

    statuses = [api.token().status for _ in range(101)]

    assert statuses == [200] * 100 + [403]


@pytest.mark.parametrize(
    "code",
    [
        "IP_ADDRESS_NOT_ON_ACCESS_LIST",
        "IP_ADDRESS_NOT_ON_WHITELIST",
        "ORG_REQUIRES_ACCESS_LIST",
        "ORG_REQUIRES_WHITELIST",
    ],
)
def test_address_not_on_access_list_gets_token_but_403(run: Run, code: str) -> None:
    api = run()
    changes = {"access_list": ("192.0.2.7",), "access_list_code": code}
    api.emulator.security = Security(**changes)  # type: ignore[arg-type]

    token = granted(api)
    reply = api.with_token(token)

    assert (reply.status, reply.code) == (403, code)


def test_address_on_access_list_is_accepted(run: Run) -> None:
    api = run(security=Security(access_list=("127.0.0.1",)))

    assert api.with_token(granted(api)).status == 200


@pytest.mark.parametrize(
    ("status", "code"), [(401, "USER_UNAUTHORIZED"), (403, "ACCESS_FORBIDDEN")]
)
def test_read_only_role_cannot_write(api: Api, status: int, code: str) -> None:
    changes = {"role_refusal": status}
    api.emulator.behaviour = replace(api.emulator.behaviour, **changes)  # type: ignore[arg-type]
    account = api.emulator.credential("service_account", read_only=True)
    token = api.token(account).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    path = api.path(f"/{api.listed()[0]}")

    read = api.with_token(token)
    rejected = [
        api.send("POST", api.path(), b"{}", headers),
        api.send("PATCH", path, b"{}", headers),
        api.send("DELETE", path, headers=headers),
    ]

    assert read.status == 200
    assert [(reply.status, reply.code) for reply in rejected] == [(status, code)] * 3


def test_backup_creator_cannot_delete(run: Run) -> None:
    creator = reader(roles=frozenset({"GROUP_BACKUP_CREATOR"}))
    api = run(world=World(projects=default_world().projects, credentials=(creator,)))

    assert api.take().status == 200
    assert api.send("DELETE", api.path(f"/{api.listed()[1]}")).code == "USER_UNAUTHORIZED"


def test_credential_is_limited_to_its_projects(run: Run) -> None:
    projects = tuple(Project(name=name, id=name * 24) for name in "ab")
    api = run(
        world=World(projects=projects, credentials=(reader(group_ids=frozenset({"a" * 24})),))
    )

    listed = api.send("GET", "/api/atlas/v2/groups").json()["results"]
    mine = api.send("GET", f"/api/atlas/v2/groups/{'a' * 24}")
    other = api.send("GET", f"/api/atlas/v2/groups/{'b' * 24}")
    named = api.send("GET", "/api/atlas/v2/groups/byName/b")

    assert [project["name"] for project in listed] == ["a"]
    assert mine.status == 200
    assert (other.status, other.code) == (401, "USER_CANNOT_ACCESS_GROUP")
    assert named.status == 404
