# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from atlas_backups.airflow import AtlasTakeSnapshotOperator

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab, Run


def run_take(lab: Lab, *, project: bool = False, **options: Any) -> Run:
    address: dict[str, Any] = (
        {"project_name": "Emulated"} if project else {"group_id": lab.emulator.group_id}
    )
    address["cluster_name"] = lab.emulator.cluster_name
    with lab.dag() as dag:
        AtlasTakeSnapshotOperator(task_id="take", **address | options)
    return lab.run(dag)


@pytest.mark.parametrize("deferrable", [False, True])
def test_take_returns_completed_snapshot(lab: Lab, *, deferrable: bool) -> None:
    with lab.dag() as dag:
        AtlasTakeSnapshotOperator(
            task_id="take",
            group_id=lab.emulator.group_id,
            cluster_name=lab.emulator.cluster_name,
            description="before {{ dag.dag_id }}",
            retention_in_days="{{ 3 + 4 }}",
            deferrable=deferrable,
        )

    run = lab.run(dag)

    assert run.state == "success"
    (taken,) = lab.taken()
    result = run.xcom("take")
    assert result["snapshot_id"] == taken.id
    assert result["status"] == "completed"
    assert result["description"].endswith(f"before {dag.dag_id}")
    assert run.xcom("take", "snapshot_id") == taken.id
    assert run.xcom("take", "group_id") == lab.emulator.group_id
    assert run.xcom("take", "cluster_name") == lab.emulator.cluster_name


@pytest.mark.parametrize("deferrable", [False, True])
def test_take_pushes_snapshot_id_before_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, deferrable: bool
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.1)
    lab.emulator.next_snapshot(never_ends=True)

    run = run_take(lab, timeout=0.5, deferrable=deferrable)

    assert run.state == "failed"
    assert run.xcom("take", "snapshot_id") == lab.taken()[0].id
    assert run.xcom("take") is None


def test_take_without_wait_for_completion_returns_at_once(lab: Lab) -> None:
    lab.emulator.next_snapshot(never_ends=True)

    run = run_take(lab, wait_for_completion=False, deferrable=True)

    assert run.state == "success"
    assert run.xcom("take")["status"] in ("queued", "inProgress")


def test_take_of_sharded_cluster_returns_members(lab: Lab) -> None:
    run = run_take(lab, cluster_name=lab.emulator.sharded_cluster_name, project=True)

    found = run.xcom("take")
    assert found["type"] == "shardedCluster"
    assert [member["replica_set_name"] for member in found["members"]] == [
        "Sharded0-shard-0",
        "Sharded0-shard-1",
        "Sharded0-config-0",
    ]


def test_take_result_has_documented_keys(lab: Lab) -> None:
    run = run_take(lab)

    assert list(run.xcom("take")) == [
        "snapshot_id",
        "group_id",
        "cluster_name",
        "status",
        "type",
        "snapshot_type",
        "description",
        "requested_at",
        "created_at",
        "expires_at",
        "storage_size_bytes",
        "mongod_version",
        "cloud_provider",
        "replica_set_name",
        "members",
    ]
    assert all(key in (AtlasTakeSnapshotOperator.__doc__ or "") for key in run.xcom("take"))


def test_take_logs_summary(lab: Lab, log: Log) -> None:
    run = run_take(lab)

    assert f"Snapshot {run.xcom('take', 'snapshot_id')} of cluster Cluster0: completed (" in log()


def test_deferral_timeout_reports_missing_triggerer(lab: Lab) -> None:
    with lab.dag():
        task = AtlasTakeSnapshotOperator(task_id="take", group_id="g", cluster_name="c")

    for reason in ("Trigger timeout", "Trigger/execution timeout"):
        with pytest.raises(AirflowException, match="no triggerer responded in time") as raised:
            task.resume_execution("__fail__", {"error": reason}, {})
        assert not isinstance(raised.value, AirflowFailException)


def test_killed_take_logs_that_snapshot_continues(lab: Lab, log: Log) -> None:
    class Killed(AtlasTakeSnapshotOperator):
        def defer_until_finished(self, *_: Any, **__: Any) -> NoReturn:
            self.on_kill()
            raise RuntimeError("killed")

    lab.emulator.next_snapshot(never_ends=True)
    with lab.dag() as dag:
        Killed(
            task_id="take",
            group_id=lab.emulator.group_id,
            cluster_name=lab.emulator.cluster_name,
            deferrable=True,
        )

    run = lab.run(dag)

    assert run.state == "failed"
    (taken,) = lab.taken()
    assert f"Snapshot {taken.id} continues: Atlas cannot cancel it" in log()


def test_deferrable_defaults_to_airflow_configuration() -> None:
    program = (
        "import inspect; from atlas_backups.airflow import AtlasTakeSnapshotOperator as operator;"
        "print(inspect.signature(operator.__init__).parameters['deferrable'].default)"
    )
    environment = {**os.environ, "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True"}

    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "True"
