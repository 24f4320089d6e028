"""Take a snapshot before a migration, and let the migration begin only if it is there.

The gate checks the snapshot of its own run: another fresh snapshot of the cluster does not open it.
It checks the data, not the task: when somebody clears the migration a week later, it is closed,
although the task that took the snapshot is still green. And it demands enough retention to go back
to the snapshot after the migration.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

# On Airflow 3 alone: `from airflow.sdk import DAG, task`.
from airflow.providers.common.compat.sdk import DAG, task

from atlas_backups.airflow import AtlasSnapshotSensor, AtlasTakeSnapshotOperator

with DAG(
    "before_migration",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    params={"project": "Production", "cluster": "Cluster0"},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
) as dag:
    take = AtlasTakeSnapshotOperator(
        task_id="take_snapshot",
        project_name="{{ params.project }}",
        cluster_name="{{ params.cluster }}",
        description="before the migration {{ run_id }}",
        retention_in_days=7,
        if_busy="wait",
        deferrable=True,
    )
    gate = AtlasSnapshotSensor(
        task_id="gate",
        snapshot=take.output,
        max_age=timedelta(hours=1),
        min_remaining_retention=timedelta(days=2),
        timeout=timedelta(minutes=10),
        deferrable=True,
    )

    @task
    def migrate(snapshot: dict[str, str]) -> None:
        """Migrate, knowing to what one could go back."""
        print("migrating; the way back is", snapshot["snapshot_id"], "of", snapshot["created_at"])

    migrate(gate.output)
