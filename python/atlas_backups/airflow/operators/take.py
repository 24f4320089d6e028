"""`AtlasTakeSnapshotOperator`."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import BaseOperator, conf
from atlas_backups.airflow.events import snapshot_of
from atlas_backups.airflow.failures import failing_for_good
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.key import key_of
from atlas_backups.airflow.links import AtlasClusterLink, push_link
from atlas_backups.airflow.result import as_json
from atlas_backups.airflow.trigger import AtlasSnapshotTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups import IfBusy, Snapshot
    from atlas_backups.airflow.compat import Context


class AtlasTakeSnapshotOperator(BaseOperator):
    """Takes one on-demand snapshot of a cluster, however often the task is tried."""

    template_fields: Sequence[str] = (
        "group_id",
        "cluster_name",
        "description",
        "retention_in_days",
        "idempotency_key",
        "atlas_conn_id",
    )
    operator_extra_links = (AtlasClusterLink(),)

    def __init__(
        self,
        *,
        group_id: str,
        cluster_name: str,
        description: str | None = None,
        retention_in_days: int | None = None,
        if_busy: IfBusy = "raise",
        idempotency_key: str | None = None,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        timeout: float = 3600.0,
        atlas_conn_id: str = AtlasBackupsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.group_id = group_id
        self.cluster_name = cluster_name
        self.description = description
        self.retention_in_days = retention_in_days
        self.if_busy: IfBusy = if_busy
        self.idempotency_key = idempotency_key
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.atlas_conn_id = atlas_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        with failing_for_good():
            settings = AtlasBackupsHook(self.atlas_conn_id).settings()
            with settings.client() as atlas:
                snapshot = atlas.take_snapshot(
                    self.group_id,
                    self.cluster_name,
                    description=self.description,
                    retention_in_days=self.retention_in_days,
                    idempotency_key=self.idempotency_key or key_of(context),
                    if_busy=self.if_busy,
                    wait_timeout=self.timeout,
                )
                for name in ("group_id", "cluster_name"):
                    context["ti"].xcom_push(key=name, value=getattr(snapshot, name))
                context["ti"].xcom_push(key="snapshot_id", value=snapshot.id)
                push_link(
                    context,
                    base_url=settings.base_url,
                    group_id=self.group_id,
                    cluster_name=self.cluster_name,
                )
                if not self.wait_for_completion:
                    return as_json(snapshot)
                if not self.deferrable:
                    return as_json(
                        atlas.wait_for_snapshot(
                            snapshot, timeout=self.timeout, poll_interval=self.poll_interval
                        )
                    )
        return self._defer(snapshot)

    def _defer(self, snapshot: Snapshot) -> Any:
        now = max(time.time(), snapshot.requested_at.timestamp())
        self.defer(
            trigger=AtlasSnapshotTrigger(
                group_id=snapshot.group_id,
                cluster_name=snapshot.cluster_name,
                snapshot_id=snapshot.id,
                deadline=now + self.timeout,
                timeout=self.timeout,
                poll_interval=self.poll_interval,
                atlas_conn_id=self.atlas_conn_id,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout + 120),
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        return snapshot_of(event)
