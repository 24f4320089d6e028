"""A service account's token: fetched once, shared, renewed in time, revoked at the end."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from atlas_backups import ClientClosedError, ServiceAccount, Snapshot, UnauthorizedError
from atlas_backups.emulator import Fault, Security
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, RESET, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor


@pytest.fixture
def atlas(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(emulator.service_account, base_url=emulator.base_url)


def asked(emulator: AtlasEmulator) -> list[str]:
    return [request.path.rsplit("/", 1)[-1] for request in emulator.requests]


def test_making_a_client_sends_nothing(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    assert repr(atlas)
    assert emulator.requests == ()


def test_a_token_is_fetched_once_for_many_calls(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    for _ in range(3):
        flavor.take(atlas)

    assert asked(emulator) == ["token", "snapshots", "snapshots", "snapshots"]


def test_a_token_is_asked_for_as_oauth_says(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.take(atlas)

    account = emulator.credential("service_account")
    request = emulator.requests[0]
    basic = base64.b64encode(f"{account.id}:{account.secret}".encode()).decode()
    assert (request.method, request.path) == ("POST", "/api/oauth/token")
    assert request.header("Authorization") == f"Basic {basic}"
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"
    assert request.body == b"grant_type=client_credentials"


def test_concurrent_first_calls_fetch_one_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.fault(Fault(path="/oauth/", delay=0.1))

    ends = flavor.take_at_once(atlas, 32)

    assert [type(end) for end in ends if not isinstance(end, Snapshot)] == []
    assert asked(emulator).count("token") == 1
    assert asked(emulator).count("snapshots") == 32


def test_concurrent_calls_share_one_failure_to_fetch(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    body = b'{"error": "invalid_client", "error_description": "no"}'
    emulator.fault(Fault(path="/oauth/", status=401, body=body, delay=0.3, times=None))

    ends = flavor.take_at_once(atlas, 8)

    assert {type(end) for end in ends} == {UnauthorizedError}
    assert asked(emulator) == ["token"]


def test_concurrent_401s_renew_the_token_once(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.take(atlas)
    emulator.forget_tokens()
    emulator.clear_requests()

    ends = flavor.take_at_once(atlas, 16)

    assert all(isinstance(end, Snapshot) for end in ends)
    assert asked(emulator).count("token") == 1


def test_a_token_is_renewed_before_it_ends(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    """A life of no seconds is in its last tenth at once, though the server still takes it."""
    emulator.security = Security(token_seconds=3600)
    token = b'{"access_token": "%s", "expires_in": 0, "token_type": "Bearer"}'
    secret = emulator.credential("access_token").secret.encode()
    emulator.fault(Fault(path="/oauth/", status=200, body=token % secret))

    flavor.take(atlas)
    flavor.take(atlas)
    flavor.take(atlas)

    assert asked(emulator) == ["token", "snapshots", "token", "snapshots", "snapshots"]
    assert {request.status for request in emulator.requests} == {200}


def test_a_token_that_ended_early_is_renewed_after_the_401(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, clock: ManualClock
) -> None:
    flavor.take(atlas)
    clock.advance(2 * 3600)  # the client's own clock stands, as if it were an hour off

    snapshot = flavor.take(atlas)

    assert snapshot.status == "queued"
    assert asked(emulator) == ["token", "snapshots", "snapshots", "token", "snapshots"]


def test_a_second_401_is_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    body = b'{"error": 401, "errorCode": "UNEXPECTED_ERROR", "detail": "No."}'
    emulator.fault(Fault(path="/backup/", status=401, body=body, times=None))

    with pytest.raises(UnauthorizedError, match="2 attempts") as caught:
        flavor.take(atlas)

    assert caught.value.error_code == "UNEXPECTED_ERROR"
    assert caught.value.hint is not None
    assert "the token was granted" in caught.value.hint
    assert asked(emulator) == ["token", "snapshots", "token", "snapshots"]


def test_an_api_that_refuses_every_token_costs_two_however_often_it_is_called(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path="/backup/", times=None))

    for _ in range(4):
        with pytest.raises(UnauthorizedError):
            flavor.take(atlas)

    assert asked(emulator) == ["token", "snapshots", "token", *["snapshots"] * 4]


@pytest.mark.parametrize(
    "code",
    ["USER_UNAUTHORIZED", "NOT_IN_GROUP", "USER_CANNOT_ACCESS_GROUP", "NOT_ORG_GROUP_CREATOR"],
)
def test_a_missing_role_says_nothing_against_the_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, code: str
) -> None:
    emulator.fault(replace(Fault.error(401, code), path="/backup/", times=None))

    for take in (flavor.take, flavor.take_raw, flavor.take):
        with suppress(UnauthorizedError):
            assert take(atlas).status == 401

    assert asked(emulator) == ["token", *["snapshots"] * 3]


def test_a_real_missing_role_costs_one_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    only_reads = emulator.credential("service_account", read_only=True)
    client = make_client(
        ServiceAccount(only_reads.id, only_reads.secret), base_url=emulator.base_url
    )

    for _ in range(3):
        with pytest.raises(UnauthorizedError, match="USER_UNAUTHORIZED") as caught:
            flavor.take(client)
        assert "Project Backup Manager" in (caught.value.hint or "")

    assert asked(emulator) == ["token", *["snapshots"] * 3]


def test_the_token_is_revoked_on_close(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.take(atlas)
    granted = emulator.requests[1].header("Authorization")

    flavor.close(atlas)
    flavor.close(atlas)

    assert asked(emulator) == ["token", "snapshots", "revoke"]
    form = parse_qs(emulator.requests[2].body.decode())
    assert [f"Bearer {form['token'][0]}"] == [granted]
    assert form["token_type_hint"] == ["access_token"]
    assert emulator.active_tokens() == 0


def test_leaving_the_context_revokes_the_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.inside(atlas, lambda: atlas.take_snapshot(emulator.group_id, emulator.cluster_name))

    assert asked(emulator) == ["token", "snapshots", "revoke"]


def test_a_client_without_a_token_has_nothing_to_revoke(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.close(atlas)

    assert emulator.requests == ()


def test_a_closed_client_refuses_every_call(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.close(atlas)

    for take in (flavor.take, flavor.take_raw):
        with pytest.raises(ClientClosedError, match="closed"):
            take(atlas)
    assert emulator.requests == ()
    assert "closed" in repr(atlas)


def test_a_closed_client_refuses_iterations_and_to_be_entered(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.close(atlas)

    with pytest.raises(ClientClosedError):
        next(flavor.iterate(atlas, "take_snapshots", []))
    with pytest.raises(ClientClosedError):
        next(flavor.iterate(atlas, "watch_snapshot", GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID))
    with pytest.raises(ClientClosedError):
        flavor.inside(atlas, lambda: None)
    assert emulator.requests == ()


def test_a_closed_client_refuses_an_iteration_at_the_call(atlas: AtlasBackups) -> None:
    atlas.close()

    with pytest.raises(ClientClosedError):
        atlas.take_snapshots([])
    with pytest.raises(ClientClosedError):
        atlas.watch_snapshot(GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID)


def test_a_failed_revoke_is_no_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.take(atlas)
    emulator.fault(Fault(path="/oauth/revoke", status=500, body=b"<html>"))

    flavor.close(atlas)

    assert asked(emulator)[-1] == "revoke"


def test_asking_for_a_token_is_repeated_after_a_reset(flavor: ClientFlavor, serve: Serve) -> None:
    token = answer(200, {"access_token": "t-0123456", "expires_in": 3600, "token_type": "Bearer"})
    server, client = serve(
        [READ, RESET],
        [READ, token, READ, answer(200, queued()), READ, answer(200, {})],
        credentials=ServiceAccount("mdb_sa_id_1", "a-secret"),
    )

    flavor.take(client)

    assert [request.target.rsplit("/", 1)[-1] for request in server.requests] == [
        "token",
        "token",
        "snapshots",
    ]
