"""`AtlasSnapshotSensor`."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow import arguments
from atlas_backups.airflow.arguments import TextTemplates
from atlas_backups.airflow.compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    default_deferrable,
)
from atlas_backups.airflow.criteria import SnapshotCriteria, utc_time
from atlas_backups.airflow.deadline import Deadline
from atlas_backups.airflow.errors import TRANSIENT, fail_without_retry
from atlas_backups.airflow.events import snapshot_in
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.links import AtlasClusterLink, push_link
from atlas_backups.airflow.snapshot_json import as_json, summary
from atlas_backups.airflow.trigger import AtlasSnapshotTrigger, RecentSnapshotTrigger
from atlas_backups.errors import SnapshotFailedError, SnapshotNotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.airflow.compat import BaseOperatorLink, BaseTrigger, Context, XComArg

# A snapshot younger than this, by the time in its id, may not be visible in Atlas yet.
_PROPAGATION_DELAY = 120.0
_GRACE_SECONDS = 120.0


class AtlasSnapshotSensor(TextTemplates, BaseSensorOperator):
    """Waits for one snapshot, or for any completed snapshot of a cluster that meets criteria.

    One snapshot (`snapshot`, or `snapshot_id`): the sensor succeeds when it is completed. It fails
    without a retry when the snapshot has failed, does not exist, or is completed but does not meet
    a criterion. Use this behind a take, to continue only with the snapshot of the same run.

    Any snapshot (`newer_than` or `max_age` alone): the sensor succeeds when a completed snapshot,
    on demand or scheduled, meets the criteria. They apply to the time of the data (`created_at`),
    not of the request or the completion.

    The sensor tolerates outages of Atlas. It works in the modes `"poke"` and `"reschedule"`, and
    deferred. It returns the dict that `AtlasTakeSnapshotOperator` describes.

    Args:
        snapshot: the dict that `AtlasTakeSnapshotOperator` returns, as `take.output`; a `Snapshot`
            or its `to_dict()` too. Templated. Otherwise give the following.
        group_id: id of the project. Templated. Either this or `project_name`.
        project_name: name of the project, visible to the connection. Templated.
        cluster_name: name of the cluster. Templated.
        snapshot_id: id of the snapshot. Templated. `None`: any that meets the criteria.
        newer_than: a `datetime`, or ISO 8601 such as `"{{ dag_run.start_date }}"`; a naive one is
            UTC. Templated.
        max_age: seconds or a `timedelta`, at the time of each poll by the clock of the worker
            (deferred: of the triggerer). Templated. Not beside `newer_than`.
        min_remaining_retention: seconds or a `timedelta`; the shortest time from the poll to the
            expiry. A snapshot without a known expiry does not meet it. Templated.
        deferrable: whether to wait in the triggerer, which frees the worker. Default:
            `operators.default_deferrable` of Airflow's configuration.
        atlas_conn_id: id of the connection. Templated.
        kwargs: those of every sensor, such as `poke_interval`, `timeout`, `mode`, `soft_fail`.
    """

    template_fields: Collection[str] = (
        "snapshot",
        "group_id",
        "project_name",
        "cluster_name",
        "snapshot_id",
        "newer_than",
        "max_age",
        "min_remaining_retention",
        "atlas_conn_id",
    )
    operator_extra_links: Collection[BaseOperatorLink] = (AtlasClusterLink(),)

    def __init__(  # noqa: PLR0913  # what to wait for, keyword-only
        self,
        *,
        snapshot: Mapping[str, Any] | Snapshot | XComArg | str | None = None,
        group_id: str | None = None,
        project_name: str | None = None,
        cluster_name: str | None = None,
        snapshot_id: str | None = None,
        newer_than: datetime | str | None = None,
        max_age: timedelta | float | str | None = None,
        min_remaining_retention: timedelta | float | str | None = None,
        deferrable: bool = default_deferrable,
        atlas_conn_id: str = AtlasBackupsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401  # Airflow's own
    ) -> None:
        super().__init__(**kwargs)
        self._given = arguments.exactly_one(
            snapshot=snapshot, group_id=group_id, project_name=project_name
        )
        ages: dict[str, object] = {"newer_than": newer_than, "max_age": max_age}
        if snapshot is not None:
            arguments.forbid_with("snapshot", cluster_name=cluster_name, snapshot_id=snapshot_id)
        else:
            arguments.require_with(self._given, cluster_name=cluster_name)
        self._is_any = snapshot is None and snapshot_id is None
        if self._is_any:
            arguments.exactly_one(snapshot_id=None, **ages)
        elif newer_than is not None:
            arguments.forbid_with("newer_than", max_age=max_age)
        # An optional argument that is given must not render to an empty value.
        criteria = ages | {"min_remaining_retention": min_remaining_retention}
        self._criteria = [name for name, value in criteria.items() if value is not None]
        self.snapshot = snapshot
        self.group_id = group_id
        self.project_name = project_name
        self.cluster_name = cluster_name
        self.snapshot_id = snapshot_id
        self.newer_than = newer_than
        self.max_age = max_age
        self.min_remaining_retention = min_remaining_retention
        self.deferrable = deferrable
        self.atlas_conn_id = atlas_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Wait in the worker or in the triggerer."""
        if not self.deferrable:
            result: dict[str, Any] = super().execute(context)
            return result
        with fail_without_retry(self.log):
            trigger = self._trigger(context)
        timeout = timedelta(seconds=self.timeout + _GRACE_SECONDS)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)
        raise AssertionError("defer raises")  # typed as NoReturn only in Airflow 3

    def execute_complete(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow's own
        """Return the snapshot of the event, or raise its error."""
        with fail_without_retry(self.log):
            snapshot = snapshot_in(
                event, failed=AirflowFailException, too_late=AirflowSensorTimeout
            )
            self.log.info("%s", summary(snapshot))
            if not self._is_any:
                self._check(snapshot)
        return snapshot

    def poke(self, context: Context) -> PokeReturnValue:
        """Poll once."""
        with fail_without_retry(self.log, SnapshotFailedError):
            settings = AtlasBackupsHook(self.text("atlas_conn_id")).settings()
            try:
                with settings.client() as atlas:
                    target = self._target(atlas)
                    push_link(context, settings.base_url, target.group_id, target.cluster_name)
                    snapshot = self._poll(atlas, target)
            except TRANSIENT as error:
                self.log.warning("Polling again later: %s", error)
                snapshot = None
            if snapshot is None:
                return PokeReturnValue(is_done=False)
            found = as_json(snapshot)
            self.log.info("%s", summary(found))
            is_done = snapshot.status == "completed"
            if is_done and not self._is_any:
                self._check(found)
        return PokeReturnValue(is_done=is_done, xcom_value=found)

    def _poll(self, atlas: AtlasBackups, target: arguments.Address) -> Snapshot | None:
        if self._is_any:
            criteria = self._read_criteria()
            found = criteria.newest(atlas.list_snapshots(target.group_id, target.cluster_name))
            if found is None:
                self.log.info(
                    "Cluster %s has no completed snapshot%s yet", target.cluster_name, criteria
                )
            return found
        try:
            snapshot = atlas.get_snapshot(*target)
        except SnapshotNotFoundError:
            if not _is_young(target.snapshot_id):
                raise
            self.log.info("Snapshot %s is not visible in Atlas yet", target.snapshot_id)
            return None
        if snapshot.status == "failed":
            raise SnapshotFailedError(
                f"snapshot {snapshot.id} of cluster {snapshot.cluster_name} has failed: there is "
                "no backup",
                snapshot=snapshot,
            )
        return snapshot

    def _trigger(self, context: Context) -> BaseTrigger:
        settings = AtlasBackupsHook(self.text("atlas_conn_id")).settings()
        deadline = Deadline.after(self.timeout)
        common: dict[str, Any] = {
            "poll_interval": self.poke_interval,
            "deadline": deadline.moment,
            "timeout": deadline.timeout,
            "atlas_conn_id": self.text("atlas_conn_id"),
        }
        criteria = self._read_criteria()
        with settings.client() as atlas:
            target = self._target(atlas)
        push_link(context, settings.base_url, target.group_id, target.cluster_name)
        self.log.info(
            "Waiting in the triggerer, at most %.0f s, for %s of cluster %s%s",
            self.timeout,
            "a completed snapshot" if self._is_any else f"snapshot {target.snapshot_id}",
            target.cluster_name,
            criteria,
        )
        if not self._is_any:
            return AtlasSnapshotTrigger(**target._asdict(), **common)
        return RecentSnapshotTrigger(
            group_id=target.group_id, cluster_name=target.cluster_name, **asdict(criteria), **common
        )

    def _read_criteria(self) -> SnapshotCriteria:
        """Return the criteria; an empty rendered value is rejected."""
        criteria: dict[str, Any] = {
            name: (utc_time if name == "newer_than" else arguments.seconds)(
                name, getattr(self, name)
            )
            for name in self._criteria
        }
        return SnapshotCriteria(**criteria)

    def _check(self, snapshot: Mapping[str, Any]) -> None:
        if (reason := self._read_criteria().check(snapshot)) is not None:
            raise AirflowFailException(reason)

    def _target(self, atlas: AtlasBackups) -> arguments.Address:
        """Return the address to poll; the id is empty for any snapshot of a cluster."""
        self._read_criteria()  # rejected before the first request
        if not self._is_any:
            return arguments.address(atlas, self._given, self)
        group_id = arguments.project_id(atlas, self._given, self.text(self._given))
        return arguments.Address(group_id, self.text("cluster_name"), "")


def _is_young(snapshot_id: str) -> bool:
    """Return whether this id is so recent that Atlas may not show it yet."""
    return time.time() - int(snapshot_id[:8], 16) < _PROPAGATION_DELAY
