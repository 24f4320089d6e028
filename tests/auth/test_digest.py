"""An API key: HTTP Digest, a nonce used again and again, each number once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import ApiKey, Snapshot, UnauthorizedError
from atlas_backups.emulator import Fault, Security
from tests.bodies import queued
from tests.flavor import PATH
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ReceivedRequest
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor


@pytest.fixture(params=["MD5", "SHA-256"])
def algorithm(request: pytest.FixtureRequest, emulator: AtlasEmulator) -> str:
    name: str = request.param
    emulator.security = Security(digest_algorithm=request.param)
    return name


@pytest.fixture
def atlas(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(emulator.api_key, base_url=emulator.base_url)


def sent(request: ReceivedRequest) -> dict[str, str]:
    header = request.header("Authorization") or ""
    return {name: a or b for name, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', header)}


def statuses(emulator: AtlasEmulator) -> list[int | None]:
    return [request.status for request in emulator.requests]


def test_the_first_call_costs_two_round_trips_and_the_second_one(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, algorithm: str
) -> None:
    flavor.take(atlas)
    flavor.take(atlas, envelope=True)
    flavor.take(atlas)

    assert statuses(emulator) == [401, 200, 200, 200]
    bare, *proved = emulator.requests
    assert bare.header("Authorization") is None
    assert [sent(request)["nc"] for request in proved] == ["00000001", "00000002", "00000003"]
    assert len({sent(request)["nonce"] for request in proved}) == 1
    assert len({sent(request)["cnonce"] for request in proved}) == 3
    assert {sent(request)["algorithm"] for request in proved} == {algorithm}
    assert [sent(request)["uri"] for request in proved] == [PATH, f"{PATH}?envelope=true", PATH]


def test_a_stale_nonce_is_replaced(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, algorithm: str
) -> None:
    flavor.take(atlas)
    emulator.forget_nonces()
    emulator.clear_requests()

    flavor.take(atlas)
    flavor.take(atlas)

    assert statuses(emulator) == [401, 200, 200]
    old, new, next_one = (sent(request) for request in emulator.requests)
    assert old["nonce"] != new["nonce"] == next_one["nonce"]
    assert (new["nc"], next_one["nc"]) == ("00000001", "00000002")
    assert new["algorithm"] == algorithm


def test_a_wrong_private_key_is_said_so(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, algorithm: str
) -> None:
    public = emulator.credential("api_key").id
    client = make_client(ApiKey(public, "wrong-private-key"), base_url=emulator.base_url)

    with pytest.raises(UnauthorizedError, match="private key is wrong") as caught:
        flavor.take(client)

    assert (caught.value.status, caught.value.error_code) == (401, "UNEXPECTED_ERROR")
    assert statuses(emulator) == [401, 401]
    assert sent(emulator.requests[1])["algorithm"] == algorithm


def test_concurrent_calls_never_use_a_number_twice(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, algorithm: str
) -> None:
    for _ in range(2):
        ends = flavor.take_at_once(atlas, 24)
        assert [end for end in ends if not isinstance(end, Snapshot)] == []

    proofs = [sent(request) for request in emulator.requests if request.status == 200]
    assert len(proofs) == 48
    assert len({(proof["nonce"], proof["nc"]) for proof in proofs}) == 48
    assert {proof["algorithm"] for proof in proofs} == {algorithm}


def test_idle_nonces_are_used_before_new_ones_are_asked_for(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.take_at_once(atlas, 8)
    emulator.clear_requests()

    for _ in range(4):
        flavor.take(atlas)

    assert statuses(emulator) == [200] * 4


def test_a_refused_role_is_no_reason_to_ask_again(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    only_reads = emulator.credential("api_key", read_only=True)
    client = make_client(ApiKey(only_reads.id, only_reads.secret), base_url=emulator.base_url)

    for _ in range(2):
        with pytest.raises(UnauthorizedError) as caught:
            flavor.take(client)
        assert caught.value.error_code == "USER_UNAUTHORIZED"

    assert statuses(emulator) == [401] * 3  # a challenge, then two calls on one nonce


def test_an_endless_stale_challenge_ends(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    challenge = 'Digest realm="MMS Public API", nonce="n", algorithm=MD5, qop="auth", stale=true'
    emulator.fault(Fault(status=401, headers={"WWW-Authenticate": challenge}, times=None))

    with pytest.raises(UnauthorizedError):
        flavor.take(atlas)

    assert len(emulator.requests) <= 3


@pytest.mark.parametrize(
    "challenge",
    [
        None,
        'Basic realm="x"',
        'Digest realm="x"',
        'Digest realm="x", nonce="n", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="x", nonce="n", qop="auth-int"',
        "Digest " + "a" * 5000,
    ],
)
def test_a_challenge_that_cannot_be_answered(
    flavor: ClientFlavor, serve: Serve, challenge: str | None
) -> None:
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    body: dict[str, Any] = {"error": 401, "errorCode": "UNEXPECTED_ERROR"}
    server, client = serve(
        always(answer(401, body, headers)), credentials=ApiKey("public", "private-key")
    )

    with pytest.raises(UnauthorizedError) as caught:
        flavor.take(client)

    assert caught.value.status == 401
    assert len(server.requests) == 1


def test_without_a_challenge_nothing_is_proved(flavor: ClientFlavor, serve: Serve) -> None:
    server, client = serve(
        always(answer(200, queued())), credentials=ApiKey("public", "private-key")
    )

    flavor.take(client)

    assert "authorization" not in server.requests[0].headers
