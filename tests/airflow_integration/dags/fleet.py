"""Takes a snapshot of every cluster of a project, by dynamic task mapping."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, task

from atlas_backups.airflow import AtlasBackupsHook, AtlasTakeSnapshotOperator

GROUP_ID = "{{ dag_run.conf['group_id'] }}"

with DAG("fleet", schedule=None, max_active_tasks=64):

    @task
    def clusters(group_id: str) -> list[str]:
        """Return the clusters' names."""
        with AtlasBackupsHook().get_conn() as atlas:
            return [cluster.name for cluster in atlas.list_clusters(group_id)]

    AtlasTakeSnapshotOperator.partial(
        task_id="take",
        group_id=GROUP_ID,
        deferrable=True,
        pool="fleet",
        retries=2,
        retry_delay=timedelta(seconds=30),
        map_index_template="{{ task.cluster_name }}",
    ).expand(cluster_name=clusters(GROUP_ID))
