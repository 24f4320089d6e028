"""Takes a snapshot of the cluster that the run's conf names."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG

from atlas_backups.airflow import AtlasTakeSnapshotOperator

POOL = "one_slot"

for dag_id, timeout in (("take", 120.0), ("take_hurried", 5.0)):
    with DAG(dag_id, schedule=None, max_active_runs=16):
        AtlasTakeSnapshotOperator(
            task_id="take",
            group_id="{{ dag_run.conf['group_id'] }}",
            cluster_name="{{ dag_run.conf['cluster_name'] }}",
            description="by {{ dag.dag_id }}",
            retention_in_days=7,
            deferrable=True,
            poll_interval=1.0,
            timeout=timeout,
            pool=POOL,
            retries=1,
            retry_delay=timedelta(seconds=1),
        )
