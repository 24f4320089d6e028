from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.airflow import AtlasTakeSnapshotOperator

if TYPE_CHECKING:
    from tests.airflow.lab import Lab


@pytest.mark.parametrize("deferrable", [False, True])
def test_takes_one_snapshot_and_returns_it_when_it_is_completed(
    lab: Lab, *, deferrable: bool
) -> None:
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
