from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_backups.emulator import Security
from atlas_backups.emulator.digest import parse, response

if TYPE_CHECKING:
    from .conftest import Api, Reply, Run


def stale(reply: Reply) -> bool:
    assert reply.status == 401
    return "stale=true" in reply.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_matches_rfc_7616_example(algorithm: str, expected: str) -> None:
    fields = {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
    }

    assert response(algorithm, fields, "Circle of Life", "GET") == expected


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_valid_digest_is_accepted_and_nonce_reused(run: Run, algorithm: str) -> None:
    api = run()
    changes = {"digest_algorithm": algorithm}
    api.emulator.security = Security(**changes)  # type: ignore[arg-type]

    challenge = api.challenge()
    replies = [api.digest(challenge, count) for count in (1, 2, 3, 9)]

    assert challenge["algorithm"] == algorithm
    assert [reply.status for reply in replies] == [200] * 4


@pytest.mark.parametrize("count", [1, 2, 0])
def test_non_rising_nonce_count_is_stale(api: Api, count: int) -> None:
    challenge = api.challenge()
    api.digest(challenge, 2)

    assert stale(api.digest(challenge, count)) is True


def test_unique_nonce_counts_are_accepted_in_any_order(run: Run) -> None:
    api = run(security=Security(nonce_count="unique"))
    challenge = api.challenge()

    replies = [api.digest(challenge, count) for count in (3, 1, 2)]

    assert [reply.status for reply in replies] == [200] * 3
    assert stale(api.digest(challenge, 1)) is True


def test_nonce_count_check_can_be_disabled(run: Run) -> None:
    api = run(security=Security(nonce_count="any"))
    challenge = api.challenge()

    assert [api.digest(challenge, 1).status for _ in range(2)] == [200] * 2


def test_expired_nonce_is_stale(run: Run) -> None:
    api = run(security=Security(nonce_seconds=60))
    challenge = api.challenge()
    api.clock.advance(59.9)
    before = api.digest(challenge, 1)
    api.clock.advance(0.1)
    after = api.digest(challenge, 2)

    assert before.status == 200
    assert stale(after) is True
    assert api.digest(api.challenge(), 1).status == 200


def test_wrong_password_with_expired_nonce_is_not_stale(run: Run) -> None:
    api = run(security=Security(nonce_seconds=60))
    challenge = api.challenge()
    api.clock.advance(61)

    assert stale(api.digest(challenge, password="wrong")) is False


def test_exhausted_nonce_is_stale(run: Run) -> None:
    api = run(security=Security(nonce_uses=2))
    challenge = api.challenge()

    assert [api.digest(challenge, count).status for count in (1, 2)] == [200, 200]
    assert stale(api.digest(challenge, 3)) is True


def test_forget_nonces_makes_them_stale(api: Api) -> None:
    challenge = api.challenge()

    api.emulator.forget_nonces()

    assert stale(api.digest(challenge)) is True


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"username": "nobody"},
        {"said_uri": "/api/atlas/v2/groups"},
        {"method": "POST", "response": "0" * 32},
        {"qop": "auth-int"},
        {"realm": "elsewhere"},
        {"nc": "1"},
        {"nc": "zzzzzzzz"},
        {"cnonce": ""},
        {"algorithm": "SHA-256"},
        {"algorithm": "MD5-sess"},
    ],
)
def test_wrong_digest_is_rejected_but_not_stale(api: Api, changes: dict[str, Any]) -> None:
    assert stale(api.digest(api.challenge(), **changes)) is False


@pytest.mark.parametrize(
    "text", ["Digest", "Digest ,", "Digest username", 'Digest username="', "Digest a=b, a=c"]
)
def test_malformed_digest_is_challenged(api: Api, text: str) -> None:
    reply = api.send("GET", api.path(), headers={"Authorization": text})

    assert stale(reply) is False


def test_api_key_takes_snapshot(api: Api) -> None:
    challenge = api.challenge()
    key = api.emulator.credential("api_key")
    assert key.roles == {"GROUP_OWNER"}

    rejected = api.digest(challenge, method="POST")

    # Authenticated first, then rejected for its missing body.
    assert rejected.status == 415
    assert api.digest(challenge, 2).status == 200


def test_security_can_be_changed_at_runtime(api: Api) -> None:
    old = api.challenge()

    api.emulator.security = replace(api.emulator.security, digest_algorithm="SHA-256")

    assert stale(api.digest(old)) is False
    assert api.digest(api.challenge()).status == 200


TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_*", min_size=1, max_size=12)


@given(
    st.dictionaries(
        TOKEN.map(str.lower), st.text(st.characters(max_codepoint=255), max_size=40), min_size=1
    )
)
def test_parse_unquotes_values(fields: dict[str, str]) -> None:
    text = ", ".join(
        f'{name}="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for name, value in fields.items()
    )

    assert parse(text) == fields


@given(st.text(max_size=300) | st.text('="\\, ab', max_size=60))
def test_parse_never_raises(text: str) -> None:
    fields = parse(text)

    assert fields is None or json.dumps(fields)
