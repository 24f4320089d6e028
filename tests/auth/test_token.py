"""The token of a service account is fetched once, shared, renewed and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from atlas_backups import ClientClosedError, Snapshot
from atlas_backups.emulator import Fault
from tests.bodies import SNAPSHOT_ID
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor


@pytest.fixture
def atlas(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(emulator.service_account, base_url=emulator.base_url)


def asked(emulator: AtlasEmulator) -> list[str]:
    return [request.path.rsplit("/", 1)[-1] for request in emulator.requests]


def test_constructor_sends_nothing(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    assert repr(atlas)
    assert emulator.requests == ()


def test_token_is_fetched_once_for_many_calls(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    for _ in range(3):
        flavor.take(atlas)

    assert asked(emulator) == ["token", "snapshots", "snapshots", "snapshots"]


def test_concurrent_first_calls_fetch_one_token(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.fault(Fault(path="/oauth/", delay=0.1))

    ends = flavor.take_at_once(atlas, 32)

    assert [type(end) for end in ends if not isinstance(end, Snapshot)] == []
    assert asked(emulator).count("token") == 1
    assert asked(emulator).count("snapshots") == 32


def test_expired_token_is_renewed_after_a_401(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, clock: ManualClock
) -> None:
    flavor.take(atlas)
    clock.advance(2 * 3600)  # the client's own clock stands, as if it were an hour off

    snapshot = flavor.take(atlas)

    assert snapshot.status == "queued"
    assert asked(emulator) == ["token", "snapshots", "snapshots", "token", "snapshots"]


def test_close_revokes_the_token(
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


def test_closed_client_rejects_every_call(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.close(atlas)

    for take in (flavor.take, flavor.take_raw):
        with pytest.raises(ClientClosedError, match="closed"):
            take(atlas)
    assert emulator.requests == ()
    assert "closed" in repr(atlas)


def test_closed_client_rejects_iterations_and_entering(
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


def test_closed_client_rejects_a_fleet_at_the_call(atlas: AtlasBackups) -> None:
    atlas.close()

    with pytest.raises(ClientClosedError):
        atlas.take_snapshots([])
    with pytest.raises(ClientClosedError):
        atlas.watch_snapshot(GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID)
