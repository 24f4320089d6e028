"""Takes a snapshot of every cluster of a project, by dynamic task mapping."""

from __future__ import annotations

from atlas_backups.airflow import AtlasBackupsHook, AtlasTakeSnapshotOperator

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

with DAG("fleet", schedule=None, max_active_tasks=64):

    @task
    def clusters(dag_run=None) -> list[str]:  # noqa: ANN001
        """Return the clusters' names."""
        atlas = AtlasBackupsHook().get_conn()
        return [cluster.name for cluster in atlas.list_clusters(dag_run.conf["group_id"])]

    AtlasTakeSnapshotOperator.partial(
        task_id="take",
        group_id="{{ dag_run.conf['group_id'] }}",
        deferrable=True,
        pool="fleet",
        retries=2,
        map_index_template="{{ task.cluster_name }}",
    ).expand(cluster_name=clusters())
