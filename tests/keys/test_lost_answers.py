"""A key after an answer that was lost: what happened is found out, and never done twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, ServerError, TransportError
from atlas_backups.emulator import Behaviour, Fault
from tests.flavor import BRIEF, CLUSTER_NAME, GROUP_ID, sent
from tests.tags import tag_of

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ManualClock
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

KEY = "release-42"
kinds = pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])
LOST = {
    "reset": Fault(reset="after"),
    "504": Fault(status=504, effect=True),
    "HTML": Fault(status=200, effect=True, body=b"<html>", headers={"Content-Type": "text/html"}),
    "half a body": Fault(cut_body=50),
}
lost_ways = pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())


@pytest.fixture
def brief(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    """A client that has no time to look after an ambiguous end."""
    return make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=BRIEF)


def posts(emulator: AtlasEmulator) -> int:
    return sent(emulator).count("POST snapshots")


def on_demand(emulator: AtlasEmulator) -> list[str]:
    """Ids of the snapshots that were taken here."""
    now = emulator.clock.now()
    return [held.id for held in emulator.snapshots if held.requested_at > now - 3600]


def test_a_snapshot_whose_answer_was_lost_is_found_in_the_same_call(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.api_key, base_url=emulator.base_url)
    flavor.take_raw(client)  # a challenge would take the fault
    emulator.fault(Fault(method="POST", path="/backup/", reset="after"))

    snapshot = flavor.take(client, idempotency_key=KEY)

    assert snapshot.idempotency_tag == tag_of(KEY)
    assert snapshot.id in on_demand(emulator)
    assert len(on_demand(emulator)) == 2


@lost_ways
@kinds
def test_after_an_ambiguous_end_the_same_key_finds_it(  # fixtures
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, kind: str, lost: Fault
) -> None:
    client = make_client(getattr(emulator, kind), base_url=emulator.base_url, total_timeout=BRIEF)
    flavor.take_raw(client)
    emulator.clear_requests()
    (other,) = on_demand(emulator)
    emulator.fault(replace(lost, method="POST", path="/backup/"))

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client, idempotency_key=KEY)
    snapshot = flavor.take(client, idempotency_key=KEY)

    assert caught.value.idempotency_tag == tag_of(KEY)
    assert set(on_demand(emulator)) == {other, snapshot.id}
    assert posts(emulator) == 1


@pytest.mark.parametrize(
    "refused", [Fault(reset="before"), Fault(status=503)], ids=["never came", "503"]
)
def test_after_an_ambiguous_end_without_effect_the_same_key_takes_it(
    flavor: ClientFlavor, emulator: AtlasEmulator, brief: AtlasBackups, refused: Fault
) -> None:
    emulator.fault(replace(refused, method="POST"))

    with pytest.raises(AmbiguousOutcomeError):
        flavor.take(brief, idempotency_key=KEY)
    assert on_demand(emulator) == []
    snapshot = flavor.take(brief, idempotency_key=KEY)

    assert on_demand(emulator) == [snapshot.id]


def test_one_call_never_posts_twice_blindly(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=5)
    emulator.fault(Fault(method="POST", status=503))

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client, idempotency_key=KEY)

    assert isinstance(caught.value.cause, ServerError)
    assert caught.value.candidates == ()
    assert sent(emulator)[2:] == [
        "POST snapshots",
        "GET snapshots",
        "GET snapshots/shardedClusters",
    ]
    assert on_demand(emulator) == []


def test_a_list_that_cannot_be_read_first_sends_nothing(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=emulator.base_url, max_retries=1)
    emulator.fault(Fault(method="GET", reset="before", times=None))

    with pytest.raises(TransportError):
        flavor.take(client, idempotency_key=KEY)

    assert posts(emulator) == 0


def test_a_snapshot_that_lands_late_is_found_by_a_later_look_though_the_first_one_failed(
    start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    """Through one flavor only, because it takes six seconds."""
    emulator = start_emulator(tick=10)
    client = make_client(
        emulator.access_token, base_url=emulator.base_url, total_timeout=15, max_retries=0
    )
    # The clock moves on by 10 s an answer: at the first look there is nothing yet.
    emulator.fault(Fault(method="POST", status=504, effect_after=15))
    emulator.fault(Fault(method="GET", nth=3, status=503))

    snapshot = client.take_snapshot(GROUP_ID, CLUSTER_NAME, idempotency_key=KEY)

    assert on_demand(emulator) == [snapshot.id]
    assert posts(emulator) == 1


def test_a_snapshot_that_lands_after_the_call_is_found_by_the_next(
    flavor: ClientFlavor, emulator: AtlasEmulator, brief: AtlasBackups, clock: ManualClock
) -> None:
    emulator.fault(Fault(method="POST", status=504, effect_after=60))

    with pytest.raises(AmbiguousOutcomeError):
        flavor.take(brief, idempotency_key=KEY)
    clock.advance(90)
    snapshot = flavor.take(brief, idempotency_key=KEY)

    assert on_demand(emulator) == [snapshot.id]
    assert posts(emulator) == 1


def test_the_own_snapshot_that_lists_do_not_show_yet_is_looked_for_before_others_are_blamed(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(tick=20, behaviour=Behaviour(list_lag_seconds=100))
    # One client alone would remember what it took.
    one, other = (make_client(emulator.access_token, base_url=emulator.base_url) for _ in range(2))

    first = flavor.take(one, idempotency_key=KEY)
    second = flavor.take(other, idempotency_key=KEY)

    assert second.id == first.id
    assert on_demand(emulator) == [first.id]
    assert [r.status for r in emulator.requests if r.method == "POST"] == [200, 400]


def test_without_a_key_the_candidates_are_the_on_demand_snapshots_of_that_time(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=10)
    emulator.fault(Fault(method="POST", reset="after"))

    with pytest.raises(AmbiguousOutcomeError, match="one on-demand snapshot") as caught:
        flavor.take(client, description="x")

    assert [candidate.id for candidate in caught.value.candidates] == on_demand(emulator)
    assert caught.value.idempotency_tag is None
    assert posts(emulator) == 1
