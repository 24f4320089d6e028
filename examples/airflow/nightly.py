"""Take a snapshot every night, and delete our own old ones.

What is ours is said by the description. The newest `KEEP` are never deleted, however old they
are, so nights that failed do not cost the last good snapshots.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

# On Airflow 3 alone: `from airflow.sdk import DAG, task`.
from airflow.providers.common.compat.sdk import DAG, task

from atlas_backups.airflow import (
    AtlasBackupsHook,
    AtlasDeleteSnapshotOperator,
    AtlasTakeSnapshotOperator,
)

OURS = "nightly by Airflow"
KEEP = 7

with DAG(
    "nightly",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params={"project": "Production", "cluster": "Cluster0"},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
) as dag:
    take = AtlasTakeSnapshotOperator(
        task_id="take_snapshot",
        project_name="{{ params.project }}",
        cluster_name="{{ params.cluster }}",
        description=OURS,
        retention_in_days=30,
        if_busy="wait",
        deferrable=True,
    )

    @task
    def old_ones(taken: dict[str, str]) -> list[dict[str, str]]:
        """List what is ours and no longer needed."""
        group_id, cluster_name = taken["group_id"], taken["cluster_name"]
        with AtlasBackupsHook().get_conn() as atlas:
            ours = [
                snapshot.id
                for snapshot in atlas.list_snapshots(group_id, cluster_name)  # newest first
                if snapshot.status == "completed" and (snapshot.description or "").endswith(OURS)
            ]
        return [
            {"group_id": group_id, "cluster_name": cluster_name, "snapshot_id": snapshot_id}
            for snapshot_id in ours[KEEP:]
        ]

    AtlasDeleteSnapshotOperator.partial(
        task_id="delete_old",
        map_index_template="{{ task.snapshot['snapshot_id'] }}",
    ).expand(snapshot=old_ones(take.output))
