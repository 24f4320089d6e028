# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import task

from atlas_backups import AtlasBackups, InvalidArgumentError, ReplicaSetSnapshot, Snapshot
from atlas_backups.airflow import (
    AtlasBackupsHook,
    AtlasSnapshotSensor,
    AtlasTakeSnapshotOperator,
)
from atlas_backups.airflow.criteria import SnapshotCriteria, utc_time
from atlas_backups.airflow.snapshot_json import as_json
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


def take(lab: Lab, **options: Any) -> Snapshot:
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        return atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name, **options)


def run_sensor(lab: Lab, **options: Any) -> Run:
    address: dict[str, Any] = {
        "group_id": lab.emulator.group_id,
        "cluster_name": lab.emulator.cluster_name,
    }
    with lab.dag() as dag:
        AtlasSnapshotSensor(task_id="wait", **address | options)
    return lab.run(dag)


def test_sensor_waits_for_snapshot_id(lab: Lab, how: dict[str, Any]) -> None:
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, **how)

    assert run.state == "success"
    assert run.xcom("wait")["snapshot_id"] == snapshot.id
    assert run.xcom("wait")["status"] == "completed"


def test_sensor_accepts_output_of_take(lab: Lab, how: dict[str, Any]) -> None:
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


def test_sensor_fails_without_retry_on_failed_snapshot(
    lab: Lab, log: Log, how: dict[str, Any]
) -> None:
    lab.emulator.next_snapshot(fails=True)
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, retries=3, **how)

    assert (run.state, run.task("wait").try_number) == ("failed", 1)
    assert f"snapshot {snapshot.id} of cluster Cluster0" in log()


def test_sensor_with_soft_fail_skips_on_failed_snapshot(lab: Lab, how: dict[str, Any]) -> None:
    lab.emulator.next_snapshot(fails=True)
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, soft_fail=True, **how)

    assert run.task("wait").state == "skipped"


def test_sensor_fails_without_retry_on_missing_snapshot(lab: Lab, how: dict[str, Any]) -> None:
    run = run_sensor(lab, snapshot_id="5" * 24, retries=3, **how)

    assert (run.state, run.task("wait").try_number) == ("failed", 1)


def test_sensor_tolerates_outages(
    lab: Lab, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(monkeypatch, max_retries=0)
    snapshot = take(lab)
    lab.emulator.fault(Fault(status=503, method="GET", path="/snapshots/", times=2))

    run = run_sensor(lab, snapshot_id=snapshot.id, **how)

    assert run.state == "success"
    assert lab.emulator.faults == ()


def test_sensor_fails_after_timeout(
    lab: Lab, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.1)
    lab.emulator.next_snapshot(never_ends=True)
    snapshot = take(lab)

    run = run_sensor(lab, snapshot_id=snapshot.id, **how | {"timeout": 1.0})

    assert run.state == "failed"


def test_sensor_with_newer_than_waits_for_newer_data(lab: Lab, how: dict[str, Any]) -> None:
    # The default world has completed snapshots from before.
    just_now = datetime.now(timezone.utc) - timedelta(seconds=2)
    snapshot = take(lab)

    run = run_sensor(lab, newer_than=f"{{{{ '{just_now}' }}}}", **how)

    assert run.state == "success"
    assert run.xcom("wait")["snapshot_id"] == snapshot.id


def test_sensor_with_max_age_waits_for_recent_data(lab: Lab, how: dict[str, Any]) -> None:
    snapshot = take(lab)

    run = run_sensor(lab, max_age=timedelta(minutes=1), **how)

    assert run.xcom("wait")["snapshot_id"] == snapshot.id


def test_sensor_with_max_age_ignores_older_data(
    lab: Lab, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.1)

    run = run_sensor(lab, max_age=60, **how | {"timeout": 0.5})

    assert run.state == "failed"


def run_gate(lab: Lab, snapshot: Any, **options: Any) -> Run:
    with lab.dag() as dag:
        AtlasSnapshotSensor(task_id="wait", snapshot=snapshot, retries=3, **options)
    return lab.run(dag)


def test_sensor_accepts_snapshot_that_meets_criteria(lab: Lab, how: dict[str, Any]) -> None:
    snapshot = take(lab, retention_in_days=2)

    run = run_gate(
        lab,
        snapshot,
        min_remaining_retention=timedelta(hours=47),
        max_age="{{ 60 }}",
        **how,
    )

    assert run.state == "success"
    assert run.xcom("wait")["snapshot_id"] == snapshot.id


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize(
    ("criteria", "sentence"),
    [
        ({"min_remaining_retention": timedelta(hours=49)}, "less than the required 176400 s"),
        ({"max_age": 0.001}, "which is not at most 0.001 s old"),
        ({"newer_than": "2100-01-01"}, "which is not newer than 2100-01-01T00:00:00+00:00"),
        ({"min_remaining_retention": "{{ params.nothing }}"}, "min_remaining_retention is empty"),
        ({"min_remaining_retention": "{{ 'a day' }}"}, "min_remaining_retention must be seconds"),
    ],
)
def test_sensor_fails_without_retry_if_criterion_is_not_met(
    lab: Lab, log: Log, criteria: dict[str, Any], sentence: str, deferrable: object
) -> None:
    snapshot = take(lab, retention_in_days=2)
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        atlas.wait_for_snapshot(snapshot)
        atlas.take_snapshot(
            lab.emulator.group_id, lab.emulator.cluster_name, retention_in_days=30, wait=True
        )

    criteria |= {"deferrable": deferrable, "poke_interval": 0.2, "timeout": 20.0}
    run = run_gate(lab, snapshot, params={"nothing": ""}, **criteria)

    assert sentence in log()
    assert (run.state, run.task("wait").try_number) == ("failed", 1)


def test_sensor_ignores_snapshot_with_too_little_retention(lab: Lab, how: dict[str, Any]) -> None:
    wanted = take(lab, retention_in_days=5, wait=True)
    take(lab, retention_in_days=1, wait=True)

    run = run_sensor(lab, max_age=60, min_remaining_retention=2 * 86400, **how)

    assert run.xcom("wait")["snapshot_id"] == wanted.id


@pytest.mark.parametrize("form", ["result", "to_dict", "Snapshot"])
def test_sensor_accepts_each_form_of_snapshot(lab: Lab, form: str) -> None:
    snapshot = take(lab, wait=True)
    given = {"result": as_json(snapshot), "to_dict": snapshot.to_dict(), "Snapshot": snapshot}

    run = run_gate(lab, given[form], deferrable=False)

    assert run.state == "success"
    assert run.xcom("wait")["snapshot_id"] == snapshot.id


def test_sensor_accepts_dict_from_other_task(lab: Lab) -> None:
    with lab.dag() as dag:

        @task
        def take_it() -> dict[str, Any]:
            with AtlasBackupsHook().get_conn() as atlas:
                return atlas.take_snapshot(lab.emulator.group_id, "Cluster0").to_dict()

        taken = take_it()
        AtlasSnapshotSensor(task_id="wait", snapshot=taken, poke_interval=0.2)

    run = lab.run(dag)

    assert run.state == "success"
    assert run.xcom("wait")["snapshot_id"] == lab.taken()[0].id


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"newer_than": "{{ 'yesterday' }}"}, "newer_than must be a time like 2026-11-24T12:00:00"),
        ({"newer_than": "{{ params.nothing }}"}, "newer_than is empty"),
        ({"max_age": "{{ 'a day' }}"}, "max_age must be seconds, above 0 and at most"),
        ({"snapshot_id": "{{ params.nothing }}"}, "snapshot_id is empty"),
    ],
)
def test_sensor_rejects_invalid_rendered_argument(
    lab: Lab, log: Log, options: dict[str, Any], sentence: str, deferrable: object
) -> None:
    options |= {"deferrable": deferrable, "poke_interval": 0.2, "timeout": 20.0}
    run = run_sensor(lab, params={"nothing": ""}, retries=3, **options)

    assert sentence in log()
    assert (run.state, run.task("wait").try_number) == ("failed", 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"group_id": "g", "cluster_name": "c"}, "give one of snapshot_id, newer_than, max_age"),
        ({"group_id": "g", "max_age": 1}, "cluster_name must be given beside group_id"),
        ({"snapshot": {}, "snapshot_id": "s"}, "snapshot_id must not be given beside snapshot"),
        (
            {"snapshot": {}, "max_age": 1, "newer_than": "2026-11-24"},
            "max_age must not be given beside newer_than",
        ),
        ({"snapshot_id": "s", "cluster_name": "c"}, "give one of snapshot, group_id, project_name"),
    ],
)
def test_conflicting_arguments_fail_dag_parsing(options: dict[str, Any], sentence: str) -> None:
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


class TestSnapshotCriteria:
    criteria = SnapshotCriteria(newer_than=NOON.isoformat())

    @pytest.mark.parametrize("seconds", [-3600, -1, 0])
    def test_data_at_or_before_limit_does_not_match(self, seconds: int) -> None:
        assert self.criteria.newest([snapshot_of(NOON + timedelta(seconds=seconds))]) is None

    def test_newer_data_matches(self) -> None:
        newer = snapshot_of(NOON + timedelta(seconds=1))

        assert self.criteria.newest([newer]) == newer

    @pytest.mark.parametrize("status", ["queued", "inProgress", "failed", "something new"])
    def test_unfinished_snapshot_does_not_match(self, status: str) -> None:
        assert self.criteria.newest([snapshot_of(NOON + timedelta(hours=1), status)]) is None

    def test_data_of_unknown_time_does_not_match(self) -> None:
        assert self.criteria.newest([snapshot_of(None)]) is None

    def test_newest_match_is_returned(self) -> None:
        newest = snapshot_of(NOON + timedelta(hours=2))
        others = [replace(newest, created_at=NOON + timedelta(hours=hours)) for hours in (1, -1)]

        assert self.criteria.newest([others[0], newest, others[1]]) == newest

    def test_unknown_expiry_does_not_match_retention(self) -> None:
        kept = SnapshotCriteria(newer_than=NOON.isoformat(), min_remaining_retention=1.0)

        assert kept.newest([snapshot_of(NOON + timedelta(hours=1))]) is None


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
def test_utc_time_accepts_common_forms(given: object) -> None:
    assert utc_time("newer_than", given) == "2026-11-24T12:00:00+00:00"


def test_utc_time_of_date_is_midnight() -> None:
    assert utc_time("newer_than", "2026-11-24") == "2026-11-24T00:00:00+00:00"
