"""The trigger by itself: what it keeps, what it fires, what it shares."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, AtlasError, Snapshot
from atlas_backups.airflow import AtlasSnapshotTrigger
from atlas_backups.airflow.recent import RecentSnapshotTrigger
from atlas_backups.emulator import Fault
from tests.airflow.lab import connection_variable, shorten

if TYPE_CHECKING:
    from tests.airflow.lab import Lab

VARIABLE = "AIRFLOW_CONN_MONGODB_ATLAS_DEFAULT"


def take(lab: Lab) -> Snapshot:
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        return atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name)


def trigger(snapshot: Snapshot, **options: Any) -> AtlasSnapshotTrigger:
    arguments: dict[str, Any] = {
        "group_id": snapshot.group_id,
        "cluster_name": snapshot.cluster_name,
        "snapshot_id": snapshot.id,
        "deadline": time.time() + 30,
        "timeout": 30.0,
        "poll_interval": 0.1,
    }
    return AtlasSnapshotTrigger(**arguments | options)


async def fired(waiting: Any) -> dict[str, Any]:
    events = [event.payload async for event in waiting.run()]
    assert len(events) == 1
    assert json.loads(json.dumps(events[0])) == events[0]
    return events[0]


def test_is_made_again_from_what_it_keeps_which_holds_no_secret(lab: Lab) -> None:
    snapshot = take(lab)
    first = trigger(snapshot)

    path, kept = first.serialize()
    again = AtlasSnapshotTrigger(**json.loads(json.dumps(kept)))

    assert path == "atlas_backups.airflow.trigger.AtlasSnapshotTrigger"
    assert again.serialize() == first.serialize()
    assert lab.emulator.env["MONGODB_ATLAS_CLIENT_SECRET"] not in str(kept)


def test_fires_the_completed_snapshot(lab: Lab) -> None:
    snapshot = take(lab)

    event = asyncio.run(fired(trigger(snapshot)))

    assert event["status"] == "completed"
    assert event["snapshot"]["snapshot_id"] == snapshot.id
    assert event["snapshot"]["created_at"] is not None


def test_waits_through_outages(lab: Lab) -> None:
    snapshot = take(lab)
    for fault in (
        Fault(status=503, path=snapshot.id, times=2),
        Fault(reset="before", path=snapshot.id),
        Fault(status=429, path=snapshot.id, headers={"Retry-After": "1"}),
    ):
        lab.emulator.fault(fault)

    event = asyncio.run(fired(trigger(snapshot)))

    assert event["status"] == "completed"
    assert lab.emulator.faults == ()


def test_fires_a_failed_snapshot_as_an_error_that_another_try_may_help(lab: Lab) -> None:
    lab.emulator.next_snapshot(fails=True)

    event = asyncio.run(fired(trigger(take(lab))))

    assert (event["status"], event["error"]) == ("failed", "SnapshotFailedError")
    assert not event["permanent"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password": "wrong"}, "the client id or the client secret is wrong"),
        ({"password": None}, "half filled in"),
        ({"host": "http://atlas.example"}, "http"),
    ],
)
def test_fires_what_another_try_cannot_help(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], message: str
) -> None:
    snapshot = take(lab)
    off = {"extra": {"token_cache": "off"}}
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, **fields, **off))

    event = asyncio.run(fired(trigger(snapshot)))

    assert event["status"] == "error"
    assert event["permanent"]
    assert message in event["message"]


def test_fires_that_the_connection_is_missing(lab: Lab) -> None:
    event = asyncio.run(fired(trigger(take(lab), atlas_conn_id="nobody")))

    assert "there is no connection 'nobody'" in event["message"]
    assert event["permanent"]


def test_fires_any_other_error_as_well(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the vault is sealed")

    monkeypatch.setattr("atlas_backups.airflow.hook.connection_without_blocking", fail)

    event = asyncio.run(fired(trigger(take(lab))))

    assert (event["error"], event["message"]) == ("RuntimeError", "the vault is sealed")
    assert not event["permanent"]


def test_ends_at_its_deadline_however_often_it_is_started(lab: Lab) -> None:
    lab.emulator.next_snapshot(never_ends=True)
    snapshot = take(lab)
    kept = trigger(snapshot, deadline=time.time() - 100, timeout=600.0)
    kept_again = AtlasSnapshotTrigger(**kept.serialize()[1])
    started = time.monotonic()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("atlas_backups.airflow.waiting._LAST_LOOK_SECONDS", 0.2)
        event = asyncio.run(fired(kept_again))

    assert time.monotonic() - started < 60  # not the 600 s from its start
    assert event["status"] == "timeout"
    assert "600 s, was over 100 s before the triggerer began to wait" in event["message"]


def test_looks_once_although_its_deadline_is_over(lab: Lab) -> None:
    """As when no triggerer was running, or the worker's clock is behind."""
    snapshot = take(lab)
    time.sleep(0.6)

    event = asyncio.run(fired(trigger(snapshot, deadline=time.time() - 3600)))

    assert event["status"] == "completed"


def test_waits_no_longer_than_its_timeout_for_a_clock_that_was_ahead(lab: Lab) -> None:
    lab.emulator.next_snapshot(never_ends=True)
    snapshot = take(lab)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("atlas_backups.airflow.waiting._LAST_LOOK_SECONDS", 0.1)
        event = asyncio.run(fired(trigger(snapshot, deadline=time.time() + 10_000, timeout=0.5)))

    assert event["status"] == "timeout"


def test_stops_when_it_is_cancelled_and_does_nothing_to_the_snapshot(lab: Lab) -> None:
    lab.emulator.next_snapshot(never_ends=True)
    snapshot = take(lab)

    async def cancel() -> None:
        task = asyncio.create_task(fired(trigger(snapshot)))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert [held.status for held in lab.taken()] == ["inProgress"]
    assert "DELETE" not in {request.method for request in lab.emulator.requests}


class TestClient:
    @pytest.fixture(autouse=True)
    def no_cache(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each client fetches a token of its own, so tokens count clients."""
        extra = {"token_cache": "off"}
        monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, extra=extra))

    def tokens(self, lab: Lab) -> int:
        return sum(request.path.endswith("/oauth/token") for request in lab.emulator.requests)

    def test_is_one_for_all_triggers_of_a_loop(self, lab: Lab) -> None:
        snapshot = take(lab)
        lab.emulator.clear_requests()

        async def many() -> list[dict[str, Any]]:
            return await asyncio.gather(*(fired(trigger(snapshot)) for _ in range(50)))

        events = asyncio.run(many())

        assert {event["status"] for event in events} == {"completed"}
        assert self.tokens(lab) == 1

    def test_is_closed_by_the_last_one(self, lab: Lab) -> None:
        snapshot = take(lab)
        before = lab.emulator.active_tokens()

        async def two() -> None:
            await asyncio.gather(fired(trigger(snapshot)), fired(trigger(snapshot)))

        asyncio.run(two())

        assert lab.emulator.active_tokens() == before

    def test_is_closed_when_the_last_one_is_cancelled(self, lab: Lab) -> None:
        lab.emulator.next_snapshot(never_ends=True)
        snapshot = take(lab)
        before = lab.emulator.active_tokens()

        async def cancel() -> None:
            task = asyncio.create_task(fired(trigger(snapshot)))
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait([task])

        asyncio.run(cancel())

        assert lab.emulator.active_tokens() == before

    def test_that_cannot_be_closed_says_nothing_of_the_snapshot(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(_: AtlasBackups) -> None:
            raise AtlasError("no")

        monkeypatch.setattr(AtlasBackups, "aclose", fail)

        assert asyncio.run(fired(trigger(take(lab))))["status"] == "completed"

    def test_is_another_one_once_the_connection_has_changed(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.emulator.next_snapshot(seconds=2.0)
        snapshot = take(lab)
        other = lab.emulator.credential("service_account", read_only=True)
        changed = {"login": other.id, "password": other.secret, "extra": {"token_cache": "off"}}

        async def change() -> tuple[dict[str, Any], dict[str, Any]]:
            first = asyncio.create_task(fired(trigger(snapshot)))
            await asyncio.sleep(0.5)
            monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, **changed))
            return await asyncio.gather(first, fired(trigger(snapshot)))

        events = asyncio.run(change())

        assert {event["status"] for event in events} == {"completed"}
        assert self.tokens(lab) == 3  # of the take, of the first, of the changed one


def recent(lab: Lab, **options: Any) -> RecentSnapshotTrigger:
    arguments: dict[str, Any] = {
        "group_id": lab.emulator.group_id,
        "cluster_name": lab.emulator.cluster_name,
        "newer_than": None,
        "max_age": None,
        "poll_interval": 0.1,
        "deadline": time.time() + 30,
        "timeout": 30.0,
        "atlas_conn_id": "mongodb_atlas_default",
    }
    return RecentSnapshotTrigger(**arguments | options)


def test_one_for_any_new_snapshot_waits_through_outages_until_there_is_one(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(monkeypatch, max_retries=0)

    async def take_meanwhile() -> tuple[dict[str, Any], Snapshot]:
        waiting = asyncio.create_task(fired(recent(lab, max_age=60.0)))
        await asyncio.sleep(0.3)
        lab.emulator.fault(Fault(status=503, method="GET", path="/snapshots", times=2))
        snapshot = await asyncio.to_thread(take, lab)
        return await waiting, snapshot

    event, snapshot = asyncio.run(take_meanwhile())

    assert event["status"] == "completed"
    assert event["snapshot"]["snapshot_id"] == snapshot.id
    assert lab.emulator.faults == ()


def test_one_for_any_new_snapshot_is_made_again_from_what_it_keeps(lab: Lab) -> None:
    first = recent(lab, newer_than="2026-11-24T12:00:00+00:00")

    path, kept = first.serialize()

    assert path == "atlas_backups.airflow.recent.RecentSnapshotTrigger"
    assert RecentSnapshotTrigger(**json.loads(json.dumps(kept))).serialize() == first.serialize()


def test_one_for_any_new_snapshot_ends_at_its_deadline(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.waiting._LAST_LOOK_SECONDS", 0.2)

    event = asyncio.run(fired(recent(lab, max_age=60.0, deadline=time.time() + 0.3)))

    assert event["status"] == "timeout"
    assert "has no completed snapshot with data at most 60 s old" in event["message"]
