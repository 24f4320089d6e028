from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import (
    Behaviour,
    Cluster,
    ExistingSnapshot,
    Project,
    World,
)

if TYPE_CHECKING:
    from .conftest import Api, Run

GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9aa"


def world(*clusters: Cluster) -> World:
    return World(projects=(Project(name="P", id=GROUP_ID, clusters=clusters),))


def test_second_take_is_rejected_until_first_ends(api: Api) -> None:
    api.taken()

    rejected = [api.take()]
    api.clock.advance(100)
    rejected.append(api.take())
    api.clock.advance(60)
    taken = api.take()

    assert [(reply.status, reply.code) for reply in rejected] == [
        (400, "UNFINISHED_ON_DEMAND_SNAPSHOT")
    ] * 2
    assert taken.status == 200


def test_other_cluster_is_not_busy(api: Api) -> None:
    api.taken()

    assert api.take("Sharded0").status == 200


def test_scheduled_snapshot_does_not_block_take(run: Run) -> None:
    scheduled = ExistingSnapshot(status="inProgress", age_seconds=5)
    api = run(world=world(Cluster(name="C", snapshots=(scheduled,))))

    assert api.take().status == 200


def test_existing_on_demand_snapshot_blocks_take_until_it_ends(run: Run) -> None:
    running = ExistingSnapshot(
        status="inProgress", snapshot_type="onDemand", age_seconds=5, ends_in_seconds=10
    )
    api = run(world=world(Cluster(name="C", snapshots=(running,))))

    busy = api.take()
    api.clock.advance(10)

    assert busy.code == "UNFINISHED_ON_DEMAND_SNAPSHOT"
    assert api.take().status == 200


def test_busy_check_can_be_disabled(run: Run) -> None:
    api = run(behaviour=Behaviour(busy_check_lag_seconds=None))

    assert api.taken() != api.taken()


def test_busy_check_lag_accepts_second_take(run: Run) -> None:
    api = run(behaviour=Behaviour(busy_check_lag_seconds=2))

    api.taken()
    api.clock.advance(1)
    second = api.take()
    api.clock.advance(2)
    third = api.take()

    assert second.status == 200
    assert third.code == "UNFINISHED_ON_DEMAND_SNAPSHOT"


def test_next_snapshot_fails_without_created_at(api: Api) -> None:
    api.emulator.next_snapshot(fails=True)

    snapshot_id = api.taken()
    api.clock.advance(200)

    view = api.get(f"/{snapshot_id}").json()
    assert view["status"] == "failed"
    assert view["storageSizeBytes"] == 0
    assert "createdAt" not in view
    assert api.take().status == 200


def test_next_snapshot_seconds_apply_once(api: Api) -> None:
    api.emulator.next_snapshot(seconds=1000)

    slow = api.taken()
    api.clock.advance(999)
    before = api.get(f"/{slow}").json()["status"]
    api.clock.advance(1)
    after = api.get(f"/{slow}").json()["status"]
    usual = api.taken()
    api.clock.advance(157)

    assert (before, after) == ("inProgress", "completed")
    assert api.get(f"/{usual}").json()["status"] == "completed"


def test_next_snapshot_never_ends(api: Api) -> None:
    api.emulator.next_snapshot(never_ends=True)

    snapshot_id = api.taken()
    api.clock.advance(30 * 86_400)

    view = api.get(f"/{snapshot_id}").json()
    assert view["status"] == "inProgress"
    assert view["mongodVersion"] == "8.0.29"


def test_next_snapshot_of_one_cluster(api: Api) -> None:
    api.emulator.next_snapshot(fails=True, cluster_name="Sharded0")

    plain = api.taken()
    api.taken("Sharded0")
    api.clock.advance(200)

    status = {item.cluster_name: item.status for item in api.emulator.snapshots[-2:]}
    assert api.get(f"/{plain}").json()["status"] == "completed"
    assert status["Sharded0"] == "failed"


def test_zero_seconds_complete_at_once(run: Run) -> None:
    api = run(snapshot_seconds=0)

    assert api.take().json()["status"] == "completed"


def test_expired_snapshot_disappears(api: Api) -> None:
    snapshot_id = api.taken(retentionInDays=2)

    api.clock.advance(157 + 2 * 86_400 - 1)
    before = api.get(f"/{snapshot_id}").status
    api.clock.advance(1)

    assert before == 200
    assert api.get(f"/{snapshot_id}").code == "SNAPSHOT_NOT_FOUND"
    assert snapshot_id not in api.listed()
    assert snapshot_id not in [item.id for item in api.emulator.snapshots]


def test_list_lag_hides_recent_snapshot_from_lists(run: Run) -> None:
    api = run(behaviour=Behaviour(list_lag_seconds=30))

    snapshot_id = api.taken()
    early = api.listed()
    api.clock.advance(30)

    assert snapshot_id not in early
    assert api.get(f"/{snapshot_id}").status == 200
    assert snapshot_id in api.listed()


def test_get_lag_hides_recent_snapshot_from_reads(run: Run) -> None:
    api = run(behaviour=Behaviour(get_lag_seconds=30))

    snapshot_id = api.taken()
    early = api.get(f"/{snapshot_id}")
    api.clock.advance(30)

    assert (early.status, early.code) == (404, "SNAPSHOT_NOT_FOUND")
    assert api.get(f"/{snapshot_id}").status == 200


def test_master_key_requires_encryption_at_rest(run: Run) -> None:
    key = "11111111-2222-4333-8444-555555555555"
    api = run(world=world(Cluster(name="Open"), Cluster(name="Sealed", master_key_uuid=key)))

    assert "masterKeyUUID" not in api.take("Open").json()
    assert api.take("Sealed").json()["masterKeyUUID"] == key


def test_missing_description_is_omitted(api: Api) -> None:
    assert "description" not in api.take().json()


def test_description_is_returned_unchanged(api: Api) -> None:
    text = '[ab1:x] Größe "quoted" \\ \u2028 \U0001f41f </script> \u0001'

    assert api.take(description=text).json()["description"] == text


@pytest.mark.parametrize(
    ("unit", "value", "expires"),
    [
        ("DAYS", 3, "2026-09-04T00:02:37Z"),
        ("WEEKS", 2, "2026-09-15T00:02:37Z"),
        ("MONTHS", 6, "2027-03-01T00:02:37Z"),
        ("YEARS", 1, "2027-09-01T00:02:37Z"),
        ("YEARS", 2**31 - 1, "9999-12-31T23:59:59Z"),
        ("WEEKS", 2**31 - 1, "9999-12-31T23:59:59Z"),
    ],
)
def test_changed_retention_starts_at_end_of_snapshot(
    api: Api, unit: str, value: int, expires: str
) -> None:
    snapshot_id = api.taken()
    api.clock.advance(200)

    body = f'{{"retentionUnit":"{unit}","retentionValue":{value}}}'.encode()
    reply = api.send("PATCH", api.path(f"/{snapshot_id}"), body)

    assert reply.status == 200
    assert reply.json()["expiresAt"] == expires
    assert api.get(f"/{snapshot_id}").json() == reply.json()


def test_retention_in_months_uses_last_day_of_month(run: Run) -> None:
    api = run(snapshot_seconds=0)
    api.clock.advance(30 * 86_400 + 31 * 86_400 - 86_400)
    snapshot_id = api.taken()

    body = b'{"retentionUnit":"MONTHS","retentionValue":4}'
    reply = api.send("PATCH", api.path(f"/{snapshot_id}"), body)

    assert snapshot_id[:8] == f"{1793404800:08x}"
    assert reply.json()["expiresAt"] == "2027-02-28T00:00:00Z"


def test_maximum_retention_is_accepted(api: Api) -> None:
    view = api.take(retentionInDays=2**31 - 1).json()

    assert view["expiresAt"] == "9999-12-31T23:59:59Z"


def test_unfinished_snapshot_cannot_be_deleted_or_changed(api: Api) -> None:
    snapshot_id = api.taken()

    deleted = api.send("DELETE", api.path(f"/{snapshot_id}"))
    body = b'{"retentionUnit":"DAYS","retentionValue":2}'
    changed = api.send("PATCH", api.path(f"/{snapshot_id}"), body)

    assert (deleted.status, deleted.code) == (400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT")
    assert changed.status == 400
    assert changed.code == "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION"


@pytest.mark.parametrize("fails", [False, True])
def test_delete_responds_with_204(api: Api, fails: bool) -> None:
    api.emulator.next_snapshot(fails=fails)
    snapshot_id = api.taken()
    api.clock.advance(200)

    reply = api.send("DELETE", api.path(f"/{snapshot_id}"))

    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["content-type"].startswith("application/vnd.atlas.2023-01-01+json")
    assert "content-length" not in reply.headers
    assert api.get(f"/{snapshot_id}").code == "SNAPSHOT_NOT_FOUND"
    assert api.send("DELETE", api.path(f"/{snapshot_id}")).code == "SNAPSHOT_NOT_FOUND"
