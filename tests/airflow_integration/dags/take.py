"""Takes a snapshot of the cluster that the run's conf names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import DAG

from atlas_backups.airflow import AtlasTakeSnapshotOperator

if TYPE_CHECKING:
    from atlas_backups import IfBusy

POOL = "one_slot"

VARIANTS: tuple[tuple[str, float, IfBusy], ...] = (
    ("take", 120.0, "raise"),
    ("take_hurried", 5.0, "raise"),
    ("take_in_turn", 120.0, "wait"),
)

for dag_id, timeout, if_busy in VARIANTS:
    with DAG(dag_id, schedule=None, max_active_runs=16):
        AtlasTakeSnapshotOperator(
            task_id="take",
            group_id="{{ dag_run.conf['group_id'] }}",
            cluster_name="{{ dag_run.conf['cluster_name'] }}",
            description="by {{ dag.dag_id }}",
            retention_in_days=7,
            if_busy=if_busy,
            deferrable=True,
            poll_interval=1.0,
            timeout=timeout,
            pool=POOL,
            retries=1,
            retry_delay=timedelta(seconds=1),
        )
