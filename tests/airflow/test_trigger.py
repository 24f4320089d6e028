"""Triggers: serialization, events, the client pool."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, AtlasError, Snapshot
from atlas_backups.airflow import AtlasSnapshotTrigger
from atlas_backups.airflow.trigger import RecentSnapshotTrigger
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


def test_trigger_serializes_without_secret(lab: Lab) -> None:
    snapshot = take(lab)
    first = trigger(snapshot)

    path, kept = first.serialize()
    again = AtlasSnapshotTrigger(**json.loads(json.dumps(kept)))

    assert path == "atlas_backups.airflow.trigger.AtlasSnapshotTrigger"
    assert again.serialize() == first.serialize()
    assert lab.emulator.env["MONGODB_ATLAS_CLIENT_SECRET"] not in str(kept)


def test_trigger_fires_completed_snapshot(lab: Lab) -> None:
    snapshot = take(lab)

    event = asyncio.run(fired(trigger(snapshot)))

    assert event["status"] == "completed"
    assert event["snapshot"]["snapshot_id"] == snapshot.id
    assert event["snapshot"]["created_at"] is not None


def test_trigger_tolerates_outages(lab: Lab) -> None:
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


def test_trigger_fires_failed_snapshot_as_retryable(lab: Lab) -> None:
    lab.emulator.next_snapshot(fails=True)

    event = asyncio.run(fired(trigger(take(lab))))

    assert (event["status"], event["error"]) == ("failed", "SnapshotFailedError")
    assert not event["permanent"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password": "wrong"}, "the client id or the client secret is wrong"),
        ({"password": None}, "is incomplete"),
        ({"host": "http://atlas.example"}, "http"),
    ],
)
def test_trigger_fires_permanent_error(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], message: str
) -> None:
    snapshot = take(lab)
    off = {"extra": {"token_cache": "off"}}
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, **fields, **off))

    event = asyncio.run(fired(trigger(snapshot)))

    assert event["status"] == "error"
    assert event["permanent"]
    assert message in event["message"]


def test_trigger_fires_missing_connection(lab: Lab) -> None:
    event = asyncio.run(fired(trigger(take(lab), atlas_conn_id="nobody")))

    assert "there is no connection 'nobody'" in event["message"]
    assert event["permanent"]


def test_trigger_fires_unexpected_error(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the vault is sealed")

    monkeypatch.setattr("atlas_backups.airflow.hook.connection_without_blocking", fail)

    event = asyncio.run(fired(trigger(take(lab))))

    assert (event["error"], event["message"]) == ("RuntimeError", "the vault is sealed")
    assert not event["permanent"]


def test_restarted_trigger_keeps_its_deadline(lab: Lab) -> None:
    lab.emulator.next_snapshot(never_ends=True)
    snapshot = take(lab)
    kept = trigger(snapshot, deadline=time.time() - 100, timeout=600.0)
    kept_again = AtlasSnapshotTrigger(**kept.serialize()[1])
    started = time.monotonic()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.2)
        event = asyncio.run(fired(kept_again))

    assert time.monotonic() - started < 60  # not the 600 s from its start
    assert event["status"] == "timeout"
    assert "600 s, expired 100 s before the triggerer began to wait" in event["message"]


def test_trigger_polls_once_after_deadline(lab: Lab) -> None:
    """As when no triggerer was running, or the worker's clock is behind."""
    snapshot = take(lab)
    time.sleep(0.6)

    event = asyncio.run(fired(trigger(snapshot, deadline=time.time() - 3600)))

    assert event["status"] == "completed"


def test_trigger_of_fast_clock_waits_no_longer_than_timeout(lab: Lab) -> None:
    lab.emulator.next_snapshot(never_ends=True)
    snapshot = take(lab)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.1)
        event = asyncio.run(fired(trigger(snapshot, deadline=time.time() + 10_000, timeout=0.5)))

    assert event["status"] == "timeout"


def test_cancelled_trigger_leaves_snapshot_alone(lab: Lab) -> None:
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


class TestClientPool:
    @pytest.fixture(autouse=True)
    def no_cache(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each client fetches a token of its own, so tokens count clients."""
        extra = {"token_cache": "off"}
        monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, extra=extra))

    def tokens(self, lab: Lab) -> int:
        return sum(request.path.endswith("/oauth/token") for request in lab.emulator.requests)

    def test_triggers_of_one_loop_share_client(self, lab: Lab) -> None:
        snapshot = take(lab)
        lab.emulator.clear_requests()

        async def many() -> list[dict[str, Any]]:
            return await asyncio.gather(*(fired(trigger(snapshot)) for _ in range(50)))

        events = asyncio.run(many())

        assert {event["status"] for event in events} == {"completed"}
        assert self.tokens(lab) == 1

    def test_last_user_closes_client(self, lab: Lab) -> None:
        snapshot = take(lab)
        before = lab.emulator.active_tokens()

        async def two() -> None:
            await asyncio.gather(fired(trigger(snapshot)), fired(trigger(snapshot)))

        asyncio.run(two())

        assert lab.emulator.active_tokens() == before

    def test_cancelled_last_user_closes_client(self, lab: Lab) -> None:
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

    def test_error_on_close_does_not_affect_event(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(_: AtlasBackups) -> None:
            raise AtlasError("no")

        monkeypatch.setattr(AtlasBackups, "aclose", fail)

        assert asyncio.run(fired(trigger(take(lab))))["status"] == "completed"

    def test_changed_connection_gets_another_client(
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
        "min_remaining_retention": None,
        "poll_interval": 0.1,
        "deadline": time.time() + 30,
        "timeout": 30.0,
        "atlas_conn_id": "mongodb_atlas_default",
    }
    return RecentSnapshotTrigger(**arguments | options)


def test_recent_snapshot_trigger_tolerates_outages(
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


def test_recent_snapshot_trigger_serializes(lab: Lab) -> None:
    first = recent(lab, newer_than="2026-11-24T12:00:00+00:00")

    path, kept = first.serialize()

    assert path == "atlas_backups.airflow.trigger.RecentSnapshotTrigger"
    assert RecentSnapshotTrigger(**json.loads(json.dumps(kept))).serialize() == first.serialize()


def test_recent_snapshot_trigger_ends_at_deadline(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.2)

    event = asyncio.run(fired(recent(lab, max_age=60.0, deadline=time.time() + 0.3)))

    assert event["status"] == "timeout"
    assert "has no completed snapshot with data at most 60 s old" in event["message"]
