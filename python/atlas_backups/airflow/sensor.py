"""`AtlasSnapshotSensor`."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow import arguments
from atlas_backups.airflow.compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    default_deferrable,
)
from atlas_backups.airflow.deadline import Deadline
from atlas_backups.airflow.demand import Demand, moment
from atlas_backups.airflow.events import snapshot_in
from atlas_backups.airflow.failures import OUTAGES, failing_for_good
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.links import AtlasClusterLink, push_link
from atlas_backups.airflow.messages import sentence_first
from atlas_backups.airflow.recent import RecentSnapshotTrigger
from atlas_backups.airflow.result import as_json
from atlas_backups.airflow.summary import summary
from atlas_backups.airflow.templates import TextTemplates
from atlas_backups.airflow.trigger import AtlasSnapshotTrigger
from atlas_backups.errors import SnapshotFailedError, SnapshotNotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.airflow.compat import BaseOperatorLink, BaseTrigger, Context, XComArg

# As long as this after the second in its id, a snapshot that Atlas does not find may be too new.
_UNSEEN_SECONDS = 120.0
_GRACE_SECONDS = 120.0


class AtlasSnapshotSensor(TextTemplates, BaseSensorOperator):
    """Waits for one snapshot, or for any completed snapshot of a cluster that meets a demand.

    One snapshot (`snapshot`, or `snapshot_id`): the sensor succeeds when it is completed, and fails
    for good when it has failed, is not there, or misses a demand once it is completed. That is what
    a gate behind a take needs: it opens only for the snapshot of its own run.

    Any snapshot (`newer_than` or `max_age` alone): the sensor succeeds when there is a completed
    one, on demand or scheduled, that meets the demands. What counts is the time of the data
    (`created_at`): a snapshot that was asked for before `newer_than` and cut after it counts; one
    that was completed after it but holds data from before does not.

    Outages of Atlas are waited through. The sensor works in the modes `"poke"` and
    `"reschedule"`, and deferred. It returns the dict of the snapshot that
    `AtlasTakeSnapshotOperator` describes.

    Args:
        snapshot: the dict that `AtlasTakeSnapshotOperator` returns, as `take.output`; a `Snapshot`
            or its `to_dict()` too. Templated. Else give the following.
        group_id: id of the project. Templated. Either this or `project_name`.
        project_name: name of the project, as the connection sees it. Templated.
        cluster_name: name of the cluster. Templated.
        snapshot_id: id of the snapshot. Templated. `None`: any that meets the demands.
        newer_than: an aware `datetime`, or ISO 8601 as `"{{ dag_run.start_date }}"`; without a
            zone it is UTC. Templated.
        max_age: seconds or a `timedelta`, counted back from each look by the clock of the worker
            (deferred: of the triggerer). Templated. Not beside `newer_than`.
        min_remaining_retention: seconds or a `timedelta`; a snapshot that Atlas deletes sooner than
            this after the look, or without a known time, misses the demand. Templated.
        deferrable: whether to wait in the triggerer, which frees the worker. Default:
            `operators.default_deferrable` of Airflow's configuration.
        atlas_conn_id: id of the connection. Templated.
        kwargs: those of every sensor, as `poke_interval`, `timeout`, `mode`, `soft_fail`.
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
        self._given = arguments.only_one(
            snapshot=snapshot, group_id=group_id, project_name=project_name
        )
        ages: dict[str, object] = {"newer_than": newer_than, "max_age": max_age}
        if snapshot is not None:
            arguments.none_of("snapshot", cluster_name=cluster_name, snapshot_id=snapshot_id)
        else:
            arguments.all_of(self._given, cluster_name=cluster_name)
        self._is_any = snapshot is None and snapshot_id is None
        if self._is_any:
            arguments.only_one(snapshot_id=None, **ages)
        elif newer_than is not None:
            arguments.none_of("newer_than", max_age=max_age)
        # What was given must not render to nothing, though to leave it away is allowed.
        demands = ages | {"min_remaining_retention": min_remaining_retention}
        self._demanded = [name for name, value in demands.items() if value is not None]
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
        """Wait, here or in the triggerer."""
        if not self.deferrable:
            result: dict[str, Any] = super().execute(context)
            return result
        with failing_for_good(self.log):
            trigger = self._trigger(context)
        timeout = timedelta(seconds=self.timeout + _GRACE_SECONDS)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)
        raise AssertionError("defer raises")  # only 3 says so in its types

    def execute_complete(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow's own
        """Go on when the trigger has found the snapshot, or gave up."""
        with failing_for_good(self.log):
            snapshot = snapshot_in(
                event, failed=AirflowFailException, too_late=AirflowSensorTimeout
            )
            self.log.info("%s", summary(snapshot))
            if not self._is_any:
                self._check(snapshot)
        return snapshot

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        with failing_for_good(self.log, SnapshotFailedError):
            settings = AtlasBackupsHook(self.text("atlas_conn_id")).settings()
            try:
                with settings.client() as atlas:
                    target = self._target(atlas)
                    push_link(context, settings.base_url, target.group_id, target.cluster_name)
                    snapshot = self._look(atlas, target)
            except OUTAGES as error:
                self.log.warning("Looking again later: %s", sentence_first(error))
                snapshot = None
            if snapshot is None:
                return PokeReturnValue(is_done=False)
            found = as_json(snapshot)
            self.log.info("%s", summary(found))
            is_done = snapshot.status == "completed"
            if is_done and not self._is_any:
                self._check(found)
        return PokeReturnValue(is_done=is_done, xcom_value=found)

    def _look(self, atlas: AtlasBackups, target: arguments.Address) -> Snapshot | None:
        if self._is_any:
            demand = self._demand()
            found = demand.newest(atlas.list_snapshots(target.group_id, target.cluster_name))
            if found is None:
                self.log.info(
                    "Cluster %s has no completed snapshot%s yet", target.cluster_name, demand
                )
            return found
        try:
            snapshot = atlas.get_snapshot(*target)
        except SnapshotNotFoundError:
            if not _is_young(target.snapshot_id):
                raise
            self.log.info("Atlas does not show snapshot %s yet", target.snapshot_id)
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
        demand = self._demand()
        with settings.client() as atlas:
            target = self._target(atlas)
        push_link(context, settings.base_url, target.group_id, target.cluster_name)
        self.log.info(
            "Waiting in the triggerer, at most %.0f s, for %s of cluster %s%s",
            self.timeout,
            "a completed snapshot" if self._is_any else f"snapshot {target.snapshot_id}",
            target.cluster_name,
            demand,
        )
        if not self._is_any:
            return AtlasSnapshotTrigger(**target._asdict(), **common)
        return RecentSnapshotTrigger(
            group_id=target.group_id, cluster_name=target.cluster_name, **asdict(demand), **common
        )

    def _demand(self) -> Demand:
        """Return what is demanded, of which nothing may have rendered to nothing."""
        demands: dict[str, Any] = {
            name: (moment if name == "newer_than" else arguments.seconds)(name, getattr(self, name))
            for name in self._demanded
        }
        return Demand(**demands)

    def _check(self, snapshot: Mapping[str, Any]) -> None:
        if (reason := self._demand().check(snapshot)) is not None:
            raise AirflowFailException(reason)

    def _target(self, atlas: AtlasBackups) -> arguments.Address:
        """Return what to wait for; the id is empty for any snapshot of a cluster."""
        self._demand()  # a wrong one is rejected before anything is sent
        if not self._is_any:
            return arguments.address(atlas, self._given, self)
        wanted, cluster_name = self.text(self._given), self.text("cluster_name")
        return arguments.Address(arguments.project(atlas, self._given, wanted), cluster_name, "")


def _is_young(snapshot_id: str) -> bool:
    """Return whether Atlas may have made this id so lately that it does not show it yet."""
    return time.time() - int(snapshot_id[:8], 16) < _UNSEEN_SECONDS
