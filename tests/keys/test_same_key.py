"""Calls with one key return one snapshot, from any client."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import InvalidArgumentError, SnapshotRequest
from atlas_backups.emulator import Behaviour
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent
from tests.tags import tag_of

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor

KEY = "release-42"
kinds = pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])


def take(flavor: ClientFlavor, client: AtlasBackups, key: str = KEY, **options: Any) -> Snapshot:
    return flavor.take(client, idempotency_key=key, **options)


def posts(emulator: AtlasEmulator) -> int:
    return sent(emulator).count("POST snapshots")


def tagged(emulator: AtlasEmulator, key: str = KEY) -> list[str]:
    """Ids of what the emulator holds with the tag of a key."""
    return [
        held.id
        for held in emulator.snapshots
        if (held.description or "").startswith(tag_of(key, held.cluster_name, held.group_id))
    ]


def test_tag_format_is_fixed() -> None:
    group_id = "32b6e34b3d91647abb20e7b8"

    assert tag_of(KEY, CLUSTER_NAME, group_id) == "[ab1:CXXPXOPWUUZLSCWFT2XGLFK7Q3]"


@kinds
def test_same_key_returns_the_same_snapshot(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, kind: str
) -> None:
    client = make_client(getattr(emulator, kind), base_url=emulator.base_url)

    snapshots = [take(flavor, client) for _ in range(3)]

    assert {snapshot.id for snapshot in snapshots} == set(tagged(emulator))
    assert len(tagged(emulator)) == 1
    assert posts(emulator) == 1


@kinds
def test_same_key_of_another_client_returns_the_same_snapshot(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, kind: str
) -> None:
    first = take(flavor, make_client(emulator.access_token, base_url=emulator.base_url))

    second = take(flavor, make_client(getattr(emulator, kind), base_url=emulator.base_url))

    assert second.id == first.id
    assert len(tagged(emulator)) == 1


def test_description_follows_the_tag(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    snapshot = take(flavor, atlas, description="before release 42", retention_in_days=3)

    assert snapshot.description == f"{tag_of(KEY)} before release 42"
    assert snapshot.idempotency_tag == tag_of(KEY)
    (request,) = [request for request in emulator.requests if request.method == "POST"]
    assert request.json() == {"description": snapshot.description, "retentionInDays": 3}


@pytest.mark.parametrize(
    "key", ["k", "k" * 1024, "ü" * 1024, "two words", "[ab1:x] ", "a/b?c#d%2f", "🔑", "'\";--"]
)
def test_any_valid_key_works(flavor: ClientFlavor, atlas: AtlasBackups, key: str) -> None:
    first = take(flavor, atlas, key)

    assert take(flavor, atlas, key).id == first.id
    assert first.idempotency_tag == tag_of(key)


@pytest.mark.parametrize(
    "other", [{"description": "another text"}, {"retention_in_days": 30}, {"description": None}]
)
def test_same_key_with_other_arguments_returns_the_existing_snapshot(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, other: dict[str, Any]
) -> None:
    first = take(flavor, atlas, description="the first text", retention_in_days=3)

    assert take(flavor, atlas, **other) == first

    assert posts(emulator) == 1


def test_take_without_a_key_sends_the_description_unchanged(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    text = f"{tag_of(KEY)} given by hand"

    first, second = flavor.take(atlas, description=text), flavor.take(atlas, description=text)

    assert first.id != second.id
    assert [request.json() for request in emulator.requests] == [{"description": text}] * 2


def test_fleet_finds_snapshots_of_its_client(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, clock: ManualClock
) -> None:
    emulator.behaviour = Behaviour(list_lag_seconds=300)
    first = take(flavor, atlas)
    clock.advance(10)
    request = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME, idempotency_key=KEY)

    (outcome,) = flavor.iterate(atlas, "take_snapshots", [request])

    assert outcome.snapshot is not None
    assert outcome.snapshot.id == first.id


def test_concurrent_calls_with_one_key_get_one_snapshot(
    emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.behaviour = Behaviour()

    def one(_: int) -> str:
        return atlas.take_snapshot(GROUP_ID, CLUSTER_NAME, idempotency_key=KEY).id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(one, range(8)))

    assert ids == set(tagged(emulator))
    assert len(ids) == 1


def test_key_with_join_is_rejected(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    with pytest.raises(InvalidArgumentError, match="join"):
        take(flavor, atlas, if_busy="join")

    assert emulator.requests == ()
