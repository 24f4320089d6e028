# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, InvalidArgumentError, Snapshot
from atlas_backups.airflow import AtlasDeleteSnapshotOperator, AtlasTakeSnapshotOperator
from atlas_backups.emulator import Fault

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab, Run


def take(lab: Lab, *, wait: bool = True) -> Snapshot:
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        return atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name, wait=wait)


def run_delete(lab: Lab, snapshot_id: str, **options: Any) -> Run:
    with lab.dag() as dag:
        AtlasDeleteSnapshotOperator(
            task_id="delete",
            group_id=lab.emulator.group_id,
            cluster_name=lab.emulator.cluster_name,
            snapshot_id=snapshot_id,
            **options,
        )
    return lab.run(dag)


def test_delete_accepts_output_of_take(lab: Lab) -> None:
    with lab.dag() as dag:
        taking = AtlasTakeSnapshotOperator(
            task_id="take",
            group_id=lab.emulator.group_id,
            cluster_name=lab.emulator.sharded_cluster_name,
        )
        AtlasDeleteSnapshotOperator(task_id="delete", snapshot=taking.output)

    run = lab.run(dag)

    assert run.state == "success"
    assert lab.taken() == []
    assert run.xcom("delete") == {
        "snapshot_id": run.xcom("take", "snapshot_id"),
        "group_id": lab.emulator.group_id,
        "cluster_name": lab.emulator.sharded_cluster_name,
        "deleted": True,
    }


def test_delete_retry_after_reset_response_succeeds(lab: Lab) -> None:
    snapshot = take(lab)
    lab.emulator.fault(Fault(method="DELETE", reset="after"))

    run = run_delete(lab, snapshot.id, retries=1)

    assert run.state == "success"
    assert lab.taken() == []


def test_delete_of_missing_snapshot_succeeds_with_warning(lab: Lab, log: Log) -> None:
    run = run_delete(lab, "5" * 24)

    assert run.state == "success"
    assert run.xcom("delete")["deleted"] is False
    assert "Nothing to delete" in log()


def test_nothing_to_delete_is_an_error_where_that_is_wanted(lab: Lab, log: Log) -> None:
    run = run_delete(lab, "5" * 24, ignore_missing=False, retries=3)

    assert (run.state, run.task("delete").try_number) == ("failed", 1)
    assert "SNAPSHOT_NOT_FOUND" in log()


def test_a_cluster_that_is_not_there_is_an_error(lab: Lab) -> None:
    with lab.dag() as dag:
        AtlasDeleteSnapshotOperator(
            task_id="delete",
            group_id=lab.emulator.group_id,
            cluster_name="Cluster9",
            snapshot_id="5" * 24,
        )

    assert lab.run(dag).state == "failed"


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_waits_for_an_unfinished_snapshot(lab: Lab, *, deferrable: bool, fails: bool) -> None:
    lab.emulator.next_snapshot(seconds=1.0, fails=fails)
    snapshot = take(lab, wait=False)

    run = run_delete(lab, snapshot.id, wait_for_completion=True, deferrable=deferrable)

    assert run.state == "success"
    assert lab.taken() == []


def test_leaves_an_unfinished_snapshot_to_its_retries(lab: Lab) -> None:
    lab.emulator.next_snapshot(seconds=1.0)
    snapshot = take(lab, wait=False)

    run = run_delete(lab, snapshot.id, retries=100)

    assert run.state == "success"
    assert run.task("delete").try_number > 1
    assert lab.taken() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "give one of snapshot, group_id, project_name: none is given"),
        ({"group_id": "g", "cluster_name": "c"}, "snapshot_id must be given beside group_id"),
        ({"snapshot": {}, "snapshot_id": "s"}, "snapshot_id must not be given beside snapshot"),
    ],
)
def test_conflicting_arguments_fail_dag_parsing(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgumentError, match=sentence):
        AtlasDeleteSnapshotOperator(task_id="delete", **options)
