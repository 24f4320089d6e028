"""A response in an envelope is unwrapped, and the status inside is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    ReplicaSetSnapshot,
    UnauthorizedError,
)
from atlas_backups.emulator import Fault

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor


@pytest.mark.parametrize("options", [{"envelope": True}, {"envelope": True, "pretty": True}])
def test_envelope_does_not_change_the_result(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, options: dict[str, bool]
) -> None:
    snapshot = flavor.take(atlas, description="wrapped", **options)

    assert type(snapshot) is ReplicaSetSnapshot
    assert snapshot.description == "wrapped"
    assert snapshot.id in {held.id for held in emulator.snapshots}
    assert snapshot.extra == {}


def test_pretty_does_not_change_the_result(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    assert flavor.take(atlas, pretty=True).status == "queued"


def test_status_401_in_an_envelope_renews_the_token(
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


def test_second_401_in_an_envelope_is_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.credentials, base_url=emulator.base_url)
    body = b'{"status": 401, "content": {"error": 401, "errorCode": "USER_UNAUTHORIZED"}}'
    emulator.fault(Fault(path="/backup/", status=200, body=body, times=None))

    with pytest.raises(UnauthorizedError) as caught:
        flavor.take(client, envelope=True)

    assert (caught.value.status, caught.value.error_code) == (401, "USER_UNAUTHORIZED")
