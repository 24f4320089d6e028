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


def test_a_second_take_is_refused_until_the_first_has_ended(api: Api) -> None:
    api.taken()

    refused = [api.take()]
    api.clock.advance(100)
    refused.append(api.take())
    api.clock.advance(60)
    taken = api.take()

    assert [(reply.status, reply.code) for reply in refused] == [
        (400, "UNFINISHED_ON_DEMAND_SNAPSHOT")
    ] * 2
    assert taken.status == 200


def test_another_cluster_is_not_busy(api: Api) -> None:
    api.taken()

    assert api.take("Sharded0").status == 200


def test_a_scheduled_snapshot_in_progress_does_not_block(run: Run) -> None:
    scheduled = ExistingSnapshot(status="inProgress", age_seconds=5)
    api = run(world=world(Cluster(name="C", snapshots=(scheduled,))))

    assert api.take().status == 200


def test_an_on_demand_snapshot_in_progress_from_before_blocks_until_it_ends(run: Run) -> None:
    running = ExistingSnapshot(
        status="inProgress", snapshot_type="onDemand", age_seconds=5, ends_in_seconds=10
    )
    api = run(world=world(Cluster(name="C", snapshots=(running,))))

    busy = api.take()
    api.clock.advance(10)

    assert busy.code == "UNFINISHED_ON_DEMAND_SNAPSHOT"
    assert api.take().status == 200


def test_without_the_rule_snapshots_run_side_by_side(run: Run) -> None:
    api = run(behaviour=Behaviour(busy_check_lag_seconds=None))

    assert api.taken() != api.taken()


def test_a_lagging_check_lets_a_second_take_through(run: Run) -> None:
    api = run(behaviour=Behaviour(busy_check_lag_seconds=2))

    api.taken()
    api.clock.advance(1)
    second = api.take()
    api.clock.advance(2)
    third = api.take()

    assert second.status == 200
    assert third.code == "UNFINISHED_ON_DEMAND_SNAPSHOT"


def test_a_scripted_failure_ends_failed_without_a_creation_date(api: Api) -> None:
    api.emulator.next_snapshot(fails=True)

    snapshot_id = api.taken()
    api.clock.advance(200)

    view = api.get(f"/{snapshot_id}").json()
    assert view["status"] == "failed"
    assert view["storageSizeBytes"] == 0
    assert "createdAt" not in view
    assert api.take().status == 200


def test_a_scripted_snapshot_takes_longer_and_the_next_one_does_not(api: Api) -> None:
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


def test_a_scripted_snapshot_may_never_end(api: Api) -> None:
    api.emulator.next_snapshot(never_ends=True)

    snapshot_id = api.taken()
    api.clock.advance(30 * 86_400)

    view = api.get(f"/{snapshot_id}").json()
    assert view["status"] == "inProgress"
    assert view["mongodVersion"] == "8.0.29"


def test_a_script_for_one_cluster_leaves_the_others_alone(api: Api) -> None:
    api.emulator.next_snapshot(fails=True, cluster_name="Sharded0")

    plain = api.taken()
    api.taken("Sharded0")
    api.clock.advance(200)

    status = {item.cluster_name: item.status for item in api.emulator.snapshots[-2:]}
    assert api.get(f"/{plain}").json()["status"] == "completed"
    assert status["Sharded0"] == "failed"


def test_with_zero_seconds_a_snapshot_is_complete_at_once(run: Run) -> None:
    api = run(snapshot_seconds=0)

    assert api.take().json()["status"] == "completed"


def test_a_snapshot_disappears_when_it_expires(api: Api) -> None:
    snapshot_id = api.taken(retentionInDays=2)

    api.clock.advance(157 + 2 * 86_400 - 1)
    before = api.get(f"/{snapshot_id}").status
    api.clock.advance(1)

    assert before == 200
    assert api.get(f"/{snapshot_id}").code == "SNAPSHOT_NOT_FOUND"
    assert snapshot_id not in api.listed()
    assert snapshot_id not in [item.id for item in api.emulator.snapshots]


def test_a_list_lag_hides_a_young_snapshot_from_lists_only(run: Run) -> None:
    api = run(behaviour=Behaviour(list_lag_seconds=30))

    snapshot_id = api.taken()
    early = api.listed()
    api.clock.advance(30)

    assert snapshot_id not in early
    assert api.get(f"/{snapshot_id}").status == 200
    assert snapshot_id in api.listed()


def test_a_get_lag_hides_a_young_snapshot_from_reads(run: Run) -> None:
    api = run(behaviour=Behaviour(get_lag_seconds=30))

    snapshot_id = api.taken()
    early = api.get(f"/{snapshot_id}")
    api.clock.advance(30)

    assert (early.status, early.code) == (404, "SNAPSHOT_NOT_FOUND")
    assert api.get(f"/{snapshot_id}").status == 200


def test_the_master_key_shows_only_with_encryption_at_rest(run: Run) -> None:
    key = "11111111-2222-4333-8444-555555555555"
    api = run(world=world(Cluster(name="Open"), Cluster(name="Sealed", master_key_uuid=key)))

    assert "masterKeyUUID" not in api.take("Open").json()
    assert api.take("Sealed").json()["masterKeyUUID"] == key


def test_without_a_description_there_is_no_such_field(api: Api) -> None:
    assert "description" not in api.take().json()


def test_a_description_comes_back_letter_by_letter(api: Api) -> None:
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
def test_a_changed_retention_counts_from_the_end_of_the_snapshot(
    api: Api, unit: str, value: int, expires: str
) -> None:
    snapshot_id = api.taken()
    api.clock.advance(200)

    body = f'{{"retentionUnit":"{unit}","retentionValue":{value}}}'.encode()
    reply = api.send("PATCH", api.path(f"/{snapshot_id}"), body)

    assert reply.status == 200
    assert reply.json()["expiresAt"] == expires
    assert api.get(f"/{snapshot_id}").json() == reply.json()


def test_a_month_that_lacks_the_day_gives_its_last_day(run: Run) -> None:
    api = run(snapshot_seconds=0)
    api.clock.advance(30 * 86_400 + 31 * 86_400 - 86_400)
    snapshot_id = api.taken()

    body = b'{"retentionUnit":"MONTHS","retentionValue":4}'
    reply = api.send("PATCH", api.path(f"/{snapshot_id}"), body)

    assert snapshot_id[:8] == f"{1793404800:08x}"
    assert reply.json()["expiresAt"] == "2027-02-28T00:00:00Z"


def test_the_longest_retention_that_can_be_asked_for_is_taken(api: Api) -> None:
    view = api.take(retentionInDays=2**31 - 1).json()

    assert view["expiresAt"] == "9999-12-31T23:59:59Z"


def test_an_unfinished_snapshot_can_be_neither_deleted_nor_changed(api: Api) -> None:
    snapshot_id = api.taken()

    deleted = api.send("DELETE", api.path(f"/{snapshot_id}"))
    body = b'{"retentionUnit":"DAYS","retentionValue":2}'
    changed = api.send("PATCH", api.path(f"/{snapshot_id}"), body)

    assert (deleted.status, deleted.code) == (400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT")
    assert changed.status == 400
    assert changed.code == "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION"


@pytest.mark.parametrize("fails", [False, True])
def test_deleting_answers_204_with_a_type_and_no_body(api: Api, fails: bool) -> None:
    api.emulator.next_snapshot(fails=fails)
    snapshot_id = api.taken()
    api.clock.advance(200)

    reply = api.send("DELETE", api.path(f"/{snapshot_id}"))

    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["content-type"].startswith("application/vnd.atlas.2023-01-01+json")
    assert "content-length" not in reply.headers
    assert api.get(f"/{snapshot_id}").code == "SNAPSHOT_NOT_FOUND"
    assert api.send("DELETE", api.path(f"/{snapshot_id}")).code == "SNAPSHOT_NOT_FOUND"
