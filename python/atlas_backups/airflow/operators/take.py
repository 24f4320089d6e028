"""`AtlasTakeSnapshotOperator`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups.airflow import arguments
from atlas_backups.airflow.compat import default_deferrable, task_instance
from atlas_backups.airflow.deadline import Deadline
from atlas_backups.airflow.events import has_ended, snapshot_in
from atlas_backups.airflow.failures import failing_for_good
from atlas_backups.airflow.key import key_of
from atlas_backups.airflow.links import push_link
from atlas_backups.airflow.operators.base import AtlasOperator
from atlas_backups.airflow.result import as_json
from atlas_backups.airflow.summary import summary
from atlas_backups.errors import InvalidArgumentError, SnapshotInProgressError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from atlas_backups import AtlasBackups, IfBusy, Snapshot
    from atlas_backups.airflow.compat import Context

_IF_BUSY = ("raise", "wait", "join")
_LITTLE = 1.0  # seconds for a wait that has no time left; the client wants some


class AtlasTakeSnapshotOperator(AtlasOperator):
    """Takes one on-demand snapshot of a cluster, however often the task is tried.

    The snapshot carries a key that is made of dag id, task id, run id, map index, the start of
    the run, and how often the task was cleared. So a task that is retried, killed or lost finds
    its snapshot again, a cleared one takes another, and a failed snapshot is replaced by the next
    try. Deployments of Airflow in which all of these are the same share a key; in practice that
    is a copy of a deployment.

    What another try cannot help (credentials, role, access list, compliance policy, flex cluster,
    a wrong argument) fails the task at once, whatever its `retries`.

    If the task is killed or its run marked as failed, the snapshot goes on: Atlas cannot cancel
    one. Its id is in the log, and nothing is deleted.

    The task returns a dict of JSON's types: `snapshot_id`, `group_id`, `cluster_name`, `status`,
    `type`, `snapshot_type`, `description`, `requested_at`, `created_at` (the time of the data),
    `expires_at` (ISO 8601, UTC), `storage_size_bytes`, `mongod_version`, `cloud_provider`,
    `replica_set_name`, `members`. Before it waits it pushes `snapshot_id`, `group_id` and
    `cluster_name` as XComs of their own.

    Args:
        cluster_name: name of the cluster. Templated.
        group_id: id of the project. Templated. Either this or `project_name`.
        project_name: name of the project, as the connection sees it. Templated.
        description: text to keep with the snapshot. Templated. `None`: none.
        retention_in_days: days to keep it, at least 1. Templated. `None`: what Atlas chooses.
        if_busy: what to do while another on-demand snapshot of the cluster is unfinished:
            `"raise"`: fail, and leave it to the task's retries; `"wait"` for it, in the triggerer
            if `deferrable`, and take one then; `"join"`: return that one. What is joined may be
            somebody else's, so it has no key: a retry may take a second one.
        idempotency_key: 1 to 1024 characters, in place of the key above. Templated. The same key
            gives the same snapshot of a cluster, also to other tasks and programs.
        wait_for_completion: whether the task ends only when the snapshot is completed.
        deferrable: whether to wait in the triggerer, which frees the worker. Default:
            `operators.default_deferrable` of Airflow's configuration.
        poll_interval: seconds between two looks, above 0. Templated. `None`: it grows
            from 1 to 30.
        timeout: seconds (or a `timedelta`) for all waiting of one try, above 0; it
            goes on when a triggerer is started again. Templated. The snapshot goes on after it,
            and the next try waits for the same one.
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
        self._project = arguments.only_one(group_id=group_id, project_name=project_name)
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
        # What was given must not render to nothing, though to leave it away is allowed.
        self._has_key = idempotency_key is not None
        self._has_retention = retention_in_days is not None
        self._has_description = bool(description)
        self._snapshot_id: str | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Take the snapshot, or find the one that an earlier try has taken."""
        with failing_for_good(self.log):
            return self._take(context, Deadline.after(arguments.seconds("timeout", self.timeout)))

    def take_after_other(self, context: Context, event: object = None) -> dict[str, Any]:
        """Go on when the snapshot that kept the cluster busy has ended, whatever its end."""
        with failing_for_good(self.log):
            moment = has_ended(event)
            timeout = arguments.seconds("timeout", self.timeout)
            return self._take(context, Deadline(moment=moment, timeout=timeout))

    def execute_complete(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow's own
        """Go on when the snapshot is completed, or the trigger gave up."""
        with failing_for_good(self.log):
            return self._done(snapshot_in(event))

    def on_kill(self) -> None:
        """Say in the log what goes on in Atlas; it cannot be cancelled, and is not deleted."""
        if self._snapshot_id is None:
            self.log.info("If a snapshot was asked for, it goes on: another try finds it")
        else:
            self.log.info("Snapshot %s goes on: Atlas cannot cancel one", self._snapshot_id)

    def _take(self, context: Context, deadline: Deadline) -> dict[str, Any]:
        settings = self.hook().settings()
        poll_interval = arguments.seconds_or_none("poll_interval", self.poll_interval)
        with settings.client() as atlas:
            request = self._request(atlas, context)
            push_link(context, settings.base_url, request["group_id"], request["cluster_name"])
            snapshot = self._ask(atlas, request, deadline)
            self._snapshot_id = snapshot.id
            ti = task_instance(context)
            # Before the wait, so that it is known whatever happens to this task.
            for name in ("group_id", "cluster_name"):
                ti.xcom_push(key=name, value=getattr(snapshot, name))
            ti.xcom_push(key="snapshot_id", value=snapshot.id)
            if not self.wait_for_completion or snapshot.status == "completed":
                return self._done(as_json(snapshot))
            if self.deferrable:
                self.leave_to_triggerer(
                    snapshot, deadline, poll_interval=poll_interval, then="execute_complete"
                )
            self.log.info("Waiting: %s", summary(as_json(snapshot)))
            snapshot = atlas.wait_for_snapshot(
                snapshot, timeout=deadline.left_at_least(_LITTLE), poll_interval=poll_interval
            )
        return self._done(as_json(snapshot))

    def _ask(self, atlas: AtlasBackups, request: dict[str, Any], deadline: Deadline) -> Snapshot:
        def take(if_busy: IfBusy) -> Snapshot:
            timeout = deadline.left_at_least(_LITTLE)
            return atlas.take_snapshot(**request, if_busy=if_busy, wait_timeout=timeout)

        if self.if_busy != "wait" or not self.deferrable:
            return take(self.if_busy)
        try:
            return take("raise")
        except SnapshotInProgressError as error:
            if error.snapshot is None:  # Atlas does not say for what a trigger could wait
                return take("wait")
            self.log.info("Cluster %s is busy with another snapshot", request["cluster_name"])
            self.leave_to_triggerer(
                error.snapshot, deadline, poll_interval=None, then="take_after_other"
            )

    def _request(self, atlas: AtlasBackups, context: Context) -> dict[str, Any]:
        key = None
        if self._has_key:
            key = self.text("idempotency_key")
        elif self.if_busy != "join":
            key = key_of(context)
        days = None
        if self._has_retention:
            days = arguments.whole_number("retention_in_days", self.retention_in_days)
        description = self.text("description") if self._has_description else None
        request = {
            "cluster_name": self.text("cluster_name"),
            "group_id": arguments.project(atlas, self._project, self.text(self._project)),
            "description": description,
            "retention_in_days": days,
            "idempotency_key": key,
        }
        self.log.info("Taking a snapshot: %s", {**request, "if_busy": self.if_busy})
        return request

    def _done(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        self.log.info("%s", summary(snapshot))
        return snapshot
