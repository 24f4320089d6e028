"""An answer in an envelope is unwrapped, and the status inside counts like one outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    AmbiguousOutcomeError,
    ClusterNotFoundError,
    InvalidResponseError,
    ReplicaSetSnapshot,
    UnauthorizedError,
    UnexpectedServerError,
)
from atlas_backups.emulator import Fault
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.flavor import BRIEF
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor


@pytest.mark.parametrize("options", [{"envelope": True}, {"envelope": True, "pretty": True}])
def test_the_result_is_the_same_with_an_envelope(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, options: dict[str, bool]
) -> None:
    snapshot = flavor.take(atlas, description="wrapped", **options)

    assert type(snapshot) is ReplicaSetSnapshot
    assert snapshot.description == "wrapped"
    assert snapshot.id in {held.id for held in emulator.snapshots}
    assert snapshot.extra == {}


def test_a_pretty_answer_gives_the_same_result(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    assert flavor.take(atlas, pretty=True).status == "queued"


def test_status_that_no_envelope_was_asked_for_is_no_status(
    flavor: ClientFlavor, serve: Serve
) -> None:
    server, client = serve(always(answer(200, {**queued(), "status": 429})))

    assert flavor.take(client).id == SNAPSHOT_ID
    assert len(server.requests) == 1


def test_the_status_of_a_snapshot_is_no_envelope(flavor: ClientFlavor, serve: Serve) -> None:
    _, client = serve(always(answer(200, queued(status="completed"))))

    assert flavor.take(client).status == "completed"


@pytest.mark.parametrize("shape", ["wrapped", "beside"])
def test_a_refusal_inside_a_200_is_a_refusal(
    flavor: ClientFlavor, serve: Serve, shape: str
) -> None:
    body = error(404, "CLUSTER_NOT_FOUND", "No cluster named X exists.")
    server, client = serve(always(answer(200, enveloped(404, body, shape))))

    with pytest.raises(ClusterNotFoundError, match="No cluster named X exists") as caught:
        flavor.take(client, envelope=True)

    assert caught.value.status == 404
    assert len(server.requests) == 1


@pytest.mark.parametrize("shape", ["wrapped", "beside"])
def test_a_server_error_inside_a_200_is_ambiguous(
    flavor: ClientFlavor, serve: Serve, shape: str
) -> None:
    body = enveloped(500, error(500, "UNEXPECTED_ERROR"), shape)
    server, client = serve(always(answer(200, body)), total_timeout=BRIEF)

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client, envelope=True)

    assert type(caught.value.cause) is UnexpectedServerError
    assert caught.value.cause.status == 500
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"status": 200, "content": None},
        {"status": 200, "content": []},
        {"status": 200, "content": {}},
        {"status": 200, "content": "text"},
        {"status": 302, "content": queued()},
        {"status": 200},
    ],
)
def test_an_envelope_without_a_snapshot_is_ambiguous(
    flavor: ClientFlavor, serve: Serve, body: dict[str, Any]
) -> None:
    server, client = serve(always(answer(200, body)), total_timeout=BRIEF)

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client, envelope=True)

    assert type(caught.value.cause) is InvalidResponseError
    assert len(server.requests) == 1


def test_a_gateways_error_is_not_overruled_by_an_envelope(
    flavor: ClientFlavor, serve: Serve
) -> None:
    body = {"status": 200, "content": queued()}
    server, client = serve(always(answer(502, body)), total_timeout=BRIEF)

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client, envelope=True)

    assert getattr(caught.value.cause, "status", None) == 502
    assert len(server.requests) == 1


def test_a_401_inside_a_200_renews_the_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.credentials, base_url=emulator.base_url)
    emulator.fault(
        Fault(
            path="/backup/",
            status=200,
            headers={"Content-Type": "application/json"},
            body=b'{"status": 401, "content": {"error": 401, "errorCode": "UNEXPECTED_ERROR"}}',
        )
    )

    snapshot = flavor.take(client, envelope=True)

    paths = [request.path.rsplit("/", 1)[-1] for request in emulator.requests]
    assert paths == ["token", "snapshots", "token", "snapshots"]
    assert snapshot.status == "queued"


def test_a_second_401_inside_a_200_is_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.credentials, base_url=emulator.base_url)
    body = b'{"status": 401, "content": {"error": 401, "errorCode": "USER_UNAUTHORIZED"}}'
    emulator.fault(Fault(path="/backup/", status=200, body=body, times=None))

    with pytest.raises(UnauthorizedError) as caught:
        flavor.take(client, envelope=True)

    assert (caught.value.status, caught.value.error_code) == (401, "USER_UNAUTHORIZED")


def enveloped(status: int, body: dict[str, Any], shape: str) -> dict[str, Any]:
    return {"status": status, "content": body} if shape == "wrapped" else {**body, "status": status}
