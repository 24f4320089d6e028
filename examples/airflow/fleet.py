"""Take a snapshot of every cluster that the connection sees, one task for each.

Airflow distributes the tasks over its workers; the pool bounds how many of them ask Atlas at the
same time (`airflow pools set mongodb_atlas 16 "tasks that talk to Atlas"`). While they wait they
take up neither a worker nor a place in the pool.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

# On Airflow 3 alone: `from airflow.sdk import DAG, task`.
from airflow.providers.common.compat.sdk import DAG, task

from atlas_backups.airflow import AtlasBackupsHook, AtlasTakeSnapshotOperator

with DAG(
    "fleet",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
) as dag:

    @task
    def clusters() -> list[dict[str, str]]:
        """List the clusters that can be backed up now."""
        with AtlasBackupsHook().get_conn() as atlas:
            return [
                {"group_id": project.id, "cluster_name": cluster.name}
                for project in atlas.list_projects()
                for cluster in atlas.list_clusters(project.id)
                if cluster.backup_enabled and not cluster.paused
            ]

    AtlasTakeSnapshotOperator.partial(
        task_id="take_snapshot",
        description="fleet {{ run_id }}",
        retention_in_days=3,
        if_busy="wait",
        deferrable=True,
        pool="mongodb_atlas",
        map_index_template="{{ task.cluster_name }}",
    ).expand_kwargs(clusters())
