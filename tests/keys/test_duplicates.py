"""Snapshots with the same tag are reported as duplicates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, DuplicateSnapshotsError
from atlas_backups.emulator import Behaviour, Cluster, ExistingSnapshot, Fault, Project, World
from tests.flavor import BRIEF, CLUSTER_NAME, GROUP_ID, sent
from tests.tags import tag_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

KEY = "release-42"
TAGGED = f"{tag_of(KEY)} text"


def world(statuses: Sequence[str], description: str = TAGGED) -> World:
    snapshots = tuple(
        ExistingSnapshot(
            age_seconds=100.0 * number + 300,
            status=status,  # type: ignore[arg-type]  # one of the literals
            snapshot_type="onDemand",
            description=description,
        )
        for number, status in enumerate(statuses)
    )
    cluster = Cluster(name=CLUSTER_NAME, snapshots=snapshots)
    return World(projects=(Project(name="P", id=GROUP_ID, clusters=(cluster,)),))


def posts(emulator: AtlasEmulator) -> int:
    return sent(emulator).count("POST snapshots")


@pytest.mark.parametrize(
    "statuses",
    [
        ("completed", "completed"),
        ("inProgress", "completed"),
        ("queued", "inProgress"),
        ("completed", "failed", "completed", "completed"),
    ],
)
def test_duplicates_are_raised_with_all_unfailed_snapshots(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    statuses: tuple[str, ...],
) -> None:
    emulator = start_emulator(world=world(statuses))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    with pytest.raises(DuplicateSnapshotsError) as caught:
        flavor.take(client, idempotency_key=KEY)

    expected = {held.id for held in emulator.snapshots if held.status != "failed"}
    assert {snapshot.id for snapshot in caught.value.snapshots} == expected
    assert all(snapshot_id in str(caught.value) for snapshot_id in expected)
    assert tag_of(KEY) in str(caught.value)
    assert posts(emulator) == 0


@pytest.mark.parametrize(
    "description",
    [
        f"a {TAGGED}",
        f"\ufeff{TAGGED}",
        f'"{TAGGED}"',
        TAGGED.replace("] ", "]\xa0"),
        TAGGED.replace("[", "&#91;").replace("]", "&#93;"),
    ],
)
def test_tag_is_found_anywhere_in_the_description(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, description: str
) -> None:
    emulator = start_emulator(world=world(["completed"], description))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    snapshot = flavor.take(client, idempotency_key=KEY)

    assert snapshot.status == "completed"
    assert snapshot.idempotency_tag == tag_of(KEY)
    assert posts(emulator) == 0


@pytest.mark.parametrize(
    "description",
    [TAGGED.lower(), TAGGED.replace("] ", "A] "), tag_of("another"), tag_of("another") + TAGGED],
)
def test_text_that_resembles_the_tag_is_no_tag(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, description: str
) -> None:
    emulator = start_emulator(world=world(["completed"], description))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    assert flavor.take(client, idempotency_key=KEY).status == "queued"


def test_duplicate_that_appears_after_the_post_is_raised_after_the_wait(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    behaviour = Behaviour(busy_check_lag_seconds=None)
    emulator = start_emulator(tick=10, behaviour=behaviour)
    brief = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=BRIEF)
    # It lands between the second call's first list and its final check.
    emulator.fault(Fault(method="POST", status=504, effect_after=35))
    with pytest.raises(AmbiguousOutcomeError):
        flavor.take(brief, idempotency_key=KEY)

    with pytest.raises(DuplicateSnapshotsError) as caught:
        flavor.take(brief, idempotency_key=KEY)

    assert len(caught.value.snapshots) == posts(emulator) == 2


def test_wait_for_snapshot_raises_duplicates(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=world(("completed", "completed")))
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    ids = {held.id for held in emulator.snapshots}

    with pytest.raises(DuplicateSnapshotsError) as caught:
        flavor.call(client, "wait_for_snapshot", GROUP_ID, CLUSTER_NAME, min(ids))

    assert {snapshot.id for snapshot in caught.value.snapshots} == ids


def test_watch_snapshot_raises_no_duplicates(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=world(("completed", "completed")))
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    snapshot_id = emulator.snapshots[0].id

    (last,) = flavor.iterate(client, "watch_snapshot", GROUP_ID, CLUSTER_NAME, snapshot_id)

    assert (last.id, last.status) == (snapshot_id, "completed")


def test_wait_for_snapshot_warns_when_the_list_fails(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    emulator = start_emulator(world=world(("completed",)))
    emulator.fault(Fault(path=re.compile(r"/snapshots(\?|$)"), status=503, times=None))
    client = make_client(emulator.access_token, base_url=emulator.base_url, max_retries=0)
    snapshot_id = emulator.snapshots[0].id

    done = flavor.call(client, "wait_for_snapshot", GROUP_ID, CLUSTER_NAME, snapshot_id)

    assert done.status == "completed"
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [snapshot_id in record.getMessage() for record in warnings] == [True]


def test_wait_for_snapshot_without_a_key_reads_no_list(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=world(("completed", "completed"), "text"))
    client = make_client(emulator.access_token, base_url=emulator.base_url)

    flavor.call(client, "wait_for_snapshot", GROUP_ID, CLUSTER_NAME, emulator.snapshots[0].id)

    assert len(emulator.requests) == 1
