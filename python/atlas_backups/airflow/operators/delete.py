"""`AtlasDeleteSnapshotOperator`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups.airflow import arguments
from atlas_backups.airflow.compat import default_deferrable
from atlas_backups.airflow.deadline import Deadline
from atlas_backups.airflow.errors import fail_without_retry
from atlas_backups.airflow.events import deadline_of
from atlas_backups.airflow.links import push_link
from atlas_backups.airflow.operators.base import AtlasOperator
from atlas_backups.errors import SnapshotNotCompletedError, SnapshotNotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import timedelta

    from atlas_backups import Snapshot
    from atlas_backups.airflow.compat import Context, XComArg


class AtlasDeleteSnapshotOperator(AtlasOperator):
    """Deletes a snapshot, given by the result of its take, or by project, cluster and id.

    The task returns a dict: `snapshot_id`, `group_id`, `cluster_name`, and `deleted`, which is
    false if the snapshot did not exist.

    Args:
        snapshot: the dict that `AtlasTakeSnapshotOperator` returns, as `take.output`; only
            `snapshot_id`, `group_id` and `cluster_name` are read. A `Snapshot` or its `to_dict()`
            too. Templated. Otherwise give the following.
        group_id: id of the project. Templated. Either this or `project_name`.
        project_name: name of the project, visible to the connection. Templated.
        cluster_name: name of the cluster. Templated.
        snapshot_id: id of the snapshot. Templated.
        ignore_missing: whether a missing snapshot is a success: an earlier try may have deleted it
            without receiving the response, or it has expired. A warning is logged.
        wait_for_completion: whether to wait for an unfinished snapshot, which Atlas does not
            delete; otherwise the try fails, and the task's retries follow.
        deferrable: whether to wait in the triggerer, which frees the worker. Default:
            `operators.default_deferrable` of Airflow's configuration.
        timeout: the longest wait, in seconds (or a `timedelta`), above 0. Templated.
        atlas_conn_id: id of the connection. Templated.
        kwargs: those of every operator.
    """

    template_fields: Collection[str] = (
        "snapshot",
        "group_id",
        "project_name",
        "cluster_name",
        "snapshot_id",
        "timeout",
        "atlas_conn_id",
    )

    def __init__(  # noqa: PLR0913  # the arguments of a delete and of a wait, keyword-only
        self,
        *,
        snapshot: Mapping[str, Any] | Snapshot | XComArg | str | None = None,
        group_id: str | None = None,
        project_name: str | None = None,
        cluster_name: str | None = None,
        snapshot_id: str | None = None,
        ignore_missing: bool = True,
        wait_for_completion: bool = False,
        deferrable: bool = default_deferrable,
        timeout: timedelta | float | str = 3600.0,
        **kwargs: Any,  # noqa: ANN401  # Airflow's own
    ) -> None:
        super().__init__(**kwargs)
        self._given = arguments.exactly_one(
            snapshot=snapshot, group_id=group_id, project_name=project_name
        )
        check = arguments.forbid_with if self._given == "snapshot" else arguments.require_with
        check(self._given, cluster_name=cluster_name, snapshot_id=snapshot_id)
        self.snapshot = snapshot
        self.group_id = group_id
        self.project_name = project_name
        self.cluster_name = cluster_name
        self.snapshot_id = snapshot_id
        self.ignore_missing = ignore_missing
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.timeout = timeout

    def execute(self, context: Context) -> dict[str, Any]:
        """Delete the snapshot."""
        with fail_without_retry(self.log):
            return self._delete(context, Deadline.after(arguments.seconds("timeout", self.timeout)))

    def resume_after_completion(self, context: Context, event: object = None) -> dict[str, Any]:
        """Delete the snapshot when it has completed or failed."""
        with fail_without_retry(self.log):
            moment = deadline_of(event)
            timeout = arguments.seconds("timeout", self.timeout)
            return self._delete(context, Deadline(moment=moment, timeout=timeout))

    def _delete(self, context: Context, deadline: Deadline) -> dict[str, Any]:
        settings = self.hook().settings()
        with settings.client() as atlas:
            address = arguments.address(atlas, self._given, self)
            push_link(context, settings.base_url, address.group_id, address.cluster_name)
            try:
                atlas.delete_snapshot(
                    *address,
                    wait=self.wait_for_completion and not self.deferrable,
                    wait_timeout=deadline.left_at_least(1.0),
                )
            except SnapshotNotFoundError as error:
                if not self.ignore_missing:
                    raise
                self.log.warning("Nothing to delete: %s", error)
                return {**address._asdict(), "deleted": False}
            except SnapshotNotCompletedError:
                if not self.wait_for_completion:
                    raise
                snapshot = atlas.get_snapshot(*address)
                self.defer_until_finished(
                    snapshot, deadline, poll_interval=None, then="resume_after_completion"
                )
        self.log.info(
            "Deleted snapshot %s of cluster %s", address.snapshot_id, address.cluster_name
        )
        return {**address._asdict(), "deleted": True}
