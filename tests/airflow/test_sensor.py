# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, InvalidArgumentError, ReplicaSetSnapshot, Snapshot
from atlas_backups.airflow import AtlasSnapshotSensor, AtlasTakeSnapshotOperator
from atlas_backups.airflow.recent import Age, moment
from atlas_backups.emulator import Fault
from tests.airflow.lab import shorten

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab, Run


@pytest.fixture(params=["poke", "reschedule", "deferred"])
def how(request: pytest.FixtureRequest) -> dict[str, Any]:
    waiting = {"poke_interval": 0.2, "timeout": 20.0}
    if request.param == "deferred":
        return {"deferrable": True, **waiting}
    return {"deferrable": False, "mode": request.param, **waiting}


def take(lab: Lab) -> Snapshot:
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        return atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name)


def run_sensor(lab: Lab, **options: Any) -> Run:
    address: dict[str, Any] = {
        "group_id": lab.emulator.group_id,
        "cluster_name": lab.emulator.cluster_name,
    }
    with lab.dag() as dag:
        AtlasSnapshotSensor(task_id="wait", **address | options)
    return lab.run(dag)


def test_waits_for_a_snapshot(lab: Lab, how: dict[str, Any]) -> None:
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, **how)

    assert run.state == "success"
    assert run.xcom("wait")["snapshot_id"] == snapshot.id
    assert run.xcom("wait")["status"] == "completed"


def test_waits_for_what_a_task_has_taken(lab: Lab, how: dict[str, Any]) -> None:
    with lab.dag() as dag:
        taking = AtlasTakeSnapshotOperator(
            task_id="take",
            project_name="Emulated",
            cluster_name=lab.emulator.cluster_name,
            wait_for_completion=False,
        )
        AtlasSnapshotSensor(task_id="wait", snapshot=taking.output, **how)

    run = lab.run(dag)

    assert run.state == "success"
    assert run.xcom("take")["status"] != "completed"
    assert run.xcom("wait")["snapshot_id"] == run.xcom("take", "snapshot_id")
    assert run.xcom("wait")["status"] == "completed"


def test_fails_for_good_on_a_failed_snapshot(lab: Lab, log: Log, how: dict[str, Any]) -> None:
    lab.emulator.next_snapshot(fails=True)
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, retries=3, **how)

    assert (run.state, run.task("wait").try_number) == ("failed", 1)
    assert f"snapshot {snapshot.id} of cluster Cluster0" in log()


def test_skips_on_a_failed_snapshot_where_it_may(lab: Lab, how: dict[str, Any]) -> None:
    lab.emulator.next_snapshot(fails=True)
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, soft_fail=True, **how)

    assert run.task("wait").state == "skipped"


def test_fails_for_good_on_a_snapshot_that_is_not_there(lab: Lab, how: dict[str, Any]) -> None:
    run = run_sensor(lab, snapshot_id="5" * 24, retries=3, **how)

    assert (run.state, run.task("wait").try_number) == ("failed", 1)


def test_looks_past_outages(lab: Lab, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch, max_retries=0)
    snapshot = take(lab)
    lab.emulator.fault(Fault(status=503, method="GET", path="/snapshots/", times=2))

    run = run_sensor(lab, snapshot_id=snapshot.id, **how)

    assert run.state == "success"
    assert lab.emulator.faults == ()


def test_times_out(lab: Lab, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atlas_backups.airflow.waiting._LAST_LOOK_SECONDS", 0.1)
    lab.emulator.next_snapshot(never_ends=True)
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, **how | {"timeout": 1.0})

    assert run.state == "failed"


def test_waits_for_a_snapshot_with_newer_data(lab: Lab, how: dict[str, Any]) -> None:
    # The default world has completed snapshots from before.
    just_now = datetime.now(timezone.utc) - timedelta(seconds=2)
    snapshot = take(lab)

    run = run_sensor(lab, newer_than=f"{{{{ '{just_now}' }}}}", **how)

    assert run.state == "success"
    assert run.xcom("wait")["snapshot_id"] == snapshot.id


def test_waits_for_a_snapshot_that_is_not_too_old(lab: Lab, how: dict[str, Any]) -> None:
    snapshot = take(lab)

    run = run_sensor(lab, max_age=timedelta(minutes=1), **how)

    assert run.xcom("wait")["snapshot_id"] == snapshot.id


def test_is_not_content_with_older_data(
    lab: Lab, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.waiting._LAST_LOOK_SECONDS", 0.1)

    run = run_sensor(lab, max_age=60, **how | {"timeout": 0.5})

    assert run.state == "failed"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"newer_than": "{{ 'yesterday' }}"}, "newer_than must be a time like 2026-11-24T12:00:00"),
        ({"newer_than": "{{ params.nothing }}"}, "newer_than is empty"),
        ({"max_age": "{{ 'a day' }}"}, "max_age must be seconds, above 0 and at most"),
        ({"snapshot_id": "{{ params.nothing }}"}, "snapshot_id is empty"),
    ],
)
def test_says_what_is_wrong_with_an_argument(
    lab: Lab, log: Log, options: dict[str, Any], sentence: str, how: dict[str, Any]
) -> None:
    run = run_sensor(lab, params={"nothing": ""}, retries=3, **options, **how)

    assert sentence in log()
    assert (run.state, run.task("wait").try_number) == ("failed", 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"group_id": "g", "cluster_name": "c"}, "give one of snapshot_id, newer_than, max_age"),
        ({"group_id": "g", "max_age": 1}, "cluster_name must be given beside group_id"),
        ({"snapshot": {}, "max_age": 1}, "max_age must not be given beside snapshot"),
        ({"snapshot_id": "s", "cluster_name": "c"}, "give one of snapshot, group_id, project_name"),
    ],
)
def test_arguments_that_do_not_go_together_break_the_dag(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=sentence):
        AtlasSnapshotSensor(task_id="wait", **options)


NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def snapshot_of(created_at: datetime | None, status: str = "completed") -> Snapshot:
    return ReplicaSetSnapshot(
        id="6" * 24,
        status=status,
        type="replicaSet",
        created_at=created_at,
        group_id="g",
        cluster_name="c",
    )


class TestAge:
    age = Age(newer_than=NOON.isoformat())

    @pytest.mark.parametrize("seconds", [-3600, -1, 0])
    def test_is_not_met_by_data_of_that_moment_or_before(self, seconds: int) -> None:
        assert self.age.newest([snapshot_of(NOON + timedelta(seconds=seconds))]) is None

    def test_is_met_by_data_from_after_it(self) -> None:
        newer = snapshot_of(NOON + timedelta(seconds=1))

        assert self.age.newest([newer]) == newer

    @pytest.mark.parametrize("status", ["queued", "inProgress", "failed", "something new"])
    def test_is_not_met_by_a_snapshot_that_is_not_completed(self, status: str) -> None:
        assert self.age.newest([snapshot_of(NOON + timedelta(hours=1), status)]) is None

    def test_is_not_met_by_data_of_an_unknown_time(self) -> None:
        assert self.age.newest([snapshot_of(None)]) is None

    def test_gives_the_newest(self) -> None:
        newest = snapshot_of(NOON + timedelta(hours=2))
        others = [replace(newest, created_at=NOON + timedelta(hours=hours)) for hours in (1, -1)]

        assert self.age.newest([others[0], newest, others[1]]) == newest


@pytest.mark.parametrize(
    "given",
    [
        NOON,
        datetime(2026, 11, 24, 12),  # noqa: DTZ001  # as a DAG's author may write it
        "2026-11-24T12:00:00Z",
        "2026-11-24 12:00:00+00:00",
        "2026-11-24T13:00:00+01:00",
        " 2026-11-24T12:00:00 ",
    ],
)
def test_reads_times_as_they_are_written(given: object) -> None:
    assert moment("newer_than", given) == "2026-11-24T12:00:00+00:00"


def test_reads_a_day_as_its_beginning() -> None:
    assert moment("newer_than", "2026-11-24") == "2026-11-24T00:00:00+00:00"
