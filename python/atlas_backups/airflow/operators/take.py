"""`AtlasTakeSnapshotOperator`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups.airflow import arguments
from atlas_backups.airflow.compat import default_deferrable, task_instance
from atlas_backups.airflow.deadline import Deadline
from atlas_backups.airflow.errors import fail_without_retry
from atlas_backups.airflow.events import deadline_of, snapshot_in
from atlas_backups.airflow.idempotency import task_key
from atlas_backups.airflow.links import push_link
from atlas_backups.airflow.operators.base import AtlasOperator
from atlas_backups.airflow.snapshot_json import as_json, summary
from atlas_backups.errors import InvalidArgumentError, SnapshotInProgressError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from atlas_backups import AtlasBackups, IfBusy, Snapshot
    from atlas_backups.airflow.compat import Context

_IF_BUSY = ("raise", "wait", "join")
_MIN_WAIT_SECONDS = 1.0  # after the deadline; the client requires a positive timeout


class AtlasTakeSnapshotOperator(AtlasOperator):
    """Takes one on-demand snapshot of a cluster, however often the task is tried.

    The snapshot has an idempotency key of dag id, task id, run id, map index, the start of the run,
    and how often the task was cleared. A task that is retried, or whose worker dies, finds its
    snapshot again; a cleared task takes a new one; a retry replaces a failed snapshot. Deployments
    of Airflow in which all of these are equal share a key, such as a copy of a deployment.

    Permanent errors (credentials, role, access list, compliance policy, flex cluster, an invalid
    argument) fail the task at once, without its `retries`.

    If the task is killed or its run marked as failed, the snapshot continues: Atlas cannot cancel
    it. Its id is in the log, and nothing is deleted.

    The task returns a dict of JSON types: `snapshot_id`, `group_id`, `cluster_name`, `status`,
    `type`, `snapshot_type`, `description`, `requested_at`, `created_at` (the time of the data),
    `expires_at` (ISO 8601, UTC), `storage_size_bytes`, `mongod_version`, `cloud_provider`,
    `replica_set_name`, `members`. Before it waits it pushes `snapshot_id`, `group_id` and
    `cluster_name` as separate XComs.

    Args:
        cluster_name: name of the cluster. Templated.
        group_id: id of the project. Templated. Either this or `project_name`.
        project_name: name of the project, visible to the connection. Templated.
        description: description of the snapshot. Templated.
        retention_in_days: days to keep it, at least 1. Templated. `None`: the default of Atlas.
        if_busy: what to do while another on-demand snapshot of the cluster is in progress:
            `"raise"`: fail, and rely on the task's retries; `"wait"`: wait for it, in the triggerer
            if `deferrable`, then take one; `"join"`: return that one. A joined snapshot may belong
            to another caller and has no key: a retry may take a second one.
        idempotency_key: 1 to 1024 characters, instead of the key above. Templated. The same key
            gives the same snapshot of a cluster, also in other tasks and programs.
        wait_for_completion: whether the task waits until the snapshot is completed.
        deferrable: whether to wait in the triggerer, which frees the worker. Default:
            `operators.default_deferrable` of Airflow's configuration.
        poll_interval: seconds between two polls, above 0. Templated. `None`: exponential backoff
            from 1 to 30.
        timeout: seconds (or a `timedelta`) for all waiting of one try, above 0; a restart of
            the triggerer does not extend it. Templated. The snapshot continues after it, and the
            next try waits for the same one.
        atlas_conn_id: id of the connection. Templated.
        kwargs: those of every operator.
    """

    template_fields: Collection[str] = (
        "group_id",
        "project_name",
        "cluster_name",
        "description",
        "retention_in_days",
        "idempotency_key",
        "poll_interval",
        "timeout",
        "atlas_conn_id",
    )

    def __init__(  # noqa: PLR0913  # the arguments of a take and of a wait, keyword-only
        self,
        *,
        cluster_name: str,
        group_id: str | None = None,
        project_name: str | None = None,
        description: str | None = None,
        retention_in_days: int | str | None = None,
        if_busy: IfBusy = "raise",
        idempotency_key: str | None = None,
        wait_for_completion: bool = True,
        deferrable: bool = default_deferrable,
        poll_interval: float | str | None = None,
        timeout: timedelta | float | str = 3600.0,
        **kwargs: Any,  # noqa: ANN401  # Airflow's own
    ) -> None:
        super().__init__(**kwargs)
        self._project = arguments.exactly_one(group_id=group_id, project_name=project_name)
        if if_busy not in _IF_BUSY:
            raise InvalidArgumentError(f"if_busy must be one of {_IF_BUSY}, not {if_busy!r}")
        if if_busy == "join" and idempotency_key is not None:
            raise InvalidArgumentError('if_busy="join" takes no idempotency_key')
        self.cluster_name = cluster_name
        self.group_id = group_id
        self.project_name = project_name
        self.description = description
        self.retention_in_days = retention_in_days
        self.if_busy: IfBusy = if_busy
        self.idempotency_key = idempotency_key
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        # An optional argument that is given must not render to an empty value.
        self._has_key = idempotency_key is not None
        self._has_retention = retention_in_days is not None
        self._has_description = bool(description)
        self._snapshot_id: str | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Take the snapshot, or find the one of an earlier try."""
        with fail_without_retry(self.log):
            return self._take(context, Deadline.after(arguments.seconds("timeout", self.timeout)))

    def resume_after_busy(self, context: Context, event: object = None) -> dict[str, Any]:
        """Take the snapshot when the one in progress has completed or failed."""
        with fail_without_retry(self.log):
            moment = deadline_of(event)
            timeout = arguments.seconds("timeout", self.timeout)
            return self._take(context, Deadline(moment=moment, timeout=timeout))

    def execute_complete(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow's own
        """Return the completed snapshot of the event, or raise its error."""
        with fail_without_retry(self.log):
            return self._done(snapshot_in(event))

    def on_kill(self) -> None:
        """Log that the snapshot continues in Atlas; it is neither cancelled nor deleted."""
        if self._snapshot_id is None:
            self.log.info("A snapshot that was requested continues: a retry finds it")
        else:
            self.log.info("Snapshot %s continues: Atlas cannot cancel it", self._snapshot_id)

    def _take(self, context: Context, deadline: Deadline) -> dict[str, Any]:
        settings = self.hook().settings()
        poll_interval = self.poll_interval
        if poll_interval is not None:
            poll_interval = arguments.seconds("poll_interval", poll_interval)
        with settings.client() as atlas:
            request = self._request(atlas, context)
            push_link(context, settings.base_url, request["group_id"], request["cluster_name"])
            snapshot = self._request_snapshot(atlas, request, deadline)
            self._snapshot_id = snapshot.id
            ti = task_instance(context)
            # Before the wait, so that it is known even if this task dies.
            for name in ("group_id", "cluster_name"):
                ti.xcom_push(key=name, value=getattr(snapshot, name))
            ti.xcom_push(key="snapshot_id", value=snapshot.id)
            if not self.wait_for_completion or snapshot.status == "completed":
                return self._done(as_json(snapshot))
            if self.deferrable:
                self.defer_until_finished(
                    snapshot, deadline, poll_interval=poll_interval, then="execute_complete"
                )
            self.log.info("Waiting: %s", summary(as_json(snapshot)))
            snapshot = atlas.wait_for_snapshot(
                snapshot,
                timeout=deadline.left_at_least(_MIN_WAIT_SECONDS),
                poll_interval=poll_interval,
            )
        return self._done(as_json(snapshot))

    def _request_snapshot(
        self, atlas: AtlasBackups, request: dict[str, Any], deadline: Deadline
    ) -> Snapshot:
        def take(if_busy: IfBusy) -> Snapshot:
            timeout = deadline.left_at_least(_MIN_WAIT_SECONDS)
            return atlas.take_snapshot(**request, if_busy=if_busy, wait_timeout=timeout)

        if self.if_busy != "wait" or not self.deferrable:
            return take(self.if_busy)
        try:
            return take("raise")
        except SnapshotInProgressError as error:
            if error.snapshot is None:  # unknown: a trigger has no snapshot to wait for
                return take("wait")
            self.log.info("Cluster %s is busy with another snapshot", request["cluster_name"])
            self.defer_until_finished(
                error.snapshot, deadline, poll_interval=None, then="resume_after_busy"
            )

    def _request(self, atlas: AtlasBackups, context: Context) -> dict[str, Any]:
        key = None
        if self._has_key:
            key = self.text("idempotency_key")
        elif self.if_busy != "join":
            key = task_key(context)
        days = None
        if self._has_retention:
            days = arguments.whole_number("retention_in_days", self.retention_in_days)
        description = self.text("description") if self._has_description else None
        request = {
            "cluster_name": self.text("cluster_name"),
            "group_id": arguments.project_id(atlas, self._project, self.text(self._project)),
            "description": description,
            "retention_in_days": days,
            "idempotency_key": key,
        }
        self.log.info("Taking a snapshot: %s", {**request, "if_busy": self.if_busy})
        return request

    def _done(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        self.log.info("%s", summary(snapshot))
        return snapshot
