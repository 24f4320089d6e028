"""`AtlasSnapshotSensor`."""

from __future__ import annotations

import time
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
from atlas_backups.airflow.events import snapshot_in
from atlas_backups.airflow.failures import OUTAGES, failing_for_good
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.links import AtlasClusterLink, push_link
from atlas_backups.airflow.recent import Age, RecentSnapshotTrigger, moment
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
    """Waits for one snapshot, or for a completed snapshot of a cluster that is new enough.

    One snapshot: the sensor succeeds when it is completed, and fails for good when it has failed
    or is not there. Any that is new enough: it succeeds when there is a completed one, on demand
    or scheduled, whose data (`created_at`) is newer than `newer_than`, or not older than
    `max_age`. A snapshot that was asked for before that moment and cut after it counts; one that
    was completed after it but holds data from before does not.

    Outages of Atlas are waited through. The sensor works in the modes `"poke"` and
    `"reschedule"`, and deferred. It returns the dict of the snapshot that
    `AtlasTakeSnapshotOperator` describes.

    Args:
        snapshot: the dict that `AtlasTakeSnapshotOperator` returns, as `take.output`. Templated.
            Else give the following.
        group_id: id of the project. Templated. Either this or `project_name`.
        project_name: name of the project, as the connection sees it. Templated.
        cluster_name: name of the cluster. Templated.
        snapshot_id: id of the snapshot. Templated. Either this, or one of the following.
        newer_than: an aware `datetime`, or ISO 8601 as `"{{ dag_run.start_date }}"`; without a
            zone it is UTC. Templated.
        max_age: seconds or a `timedelta`, counted back from each look by the clock of the worker
            (deferred: of the triggerer). Templated.
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
        "atlas_conn_id",
    )
    operator_extra_links: Collection[BaseOperatorLink] = (AtlasClusterLink(),)

    def __init__(  # noqa: PLR0913  # what to wait for, keyword-only
        self,
        *,
        snapshot: Mapping[str, Any] | XComArg | str | None = None,
        group_id: str | None = None,
        project_name: str | None = None,
        cluster_name: str | None = None,
        snapshot_id: str | None = None,
        newer_than: datetime | str | None = None,
        max_age: timedelta | float | str | None = None,
        deferrable: bool = default_deferrable,
        atlas_conn_id: str = AtlasBackupsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401  # Airflow's own
    ) -> None:
        super().__init__(**kwargs)
        self._given = arguments.only_one(
            snapshot=snapshot, group_id=group_id, project_name=project_name
        )
        wanted = {"snapshot_id": snapshot_id, "newer_than": newer_than, "max_age": max_age}
        if snapshot is not None:
            arguments.none_of("snapshot", cluster_name=cluster_name, **wanted)
            self._wanted = "snapshot"
        else:
            arguments.all_of(self._given, cluster_name=cluster_name)
            self._wanted = arguments.only_one(**wanted)
        self.snapshot = snapshot
        self.group_id = group_id
        self.project_name = project_name
        self.cluster_name = cluster_name
        self.snapshot_id = snapshot_id
        self.newer_than = newer_than
        self.max_age = max_age
        self.deferrable = deferrable
        self.atlas_conn_id = atlas_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Wait, here or in the triggerer."""
        if not self.deferrable:
            result: dict[str, Any] = super().execute(context)
            return result
        with failing_for_good():
            trigger = self._trigger(context)
        timeout = timedelta(seconds=self.timeout + _GRACE_SECONDS)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)
        raise AssertionError("defer raises")  # only 3 says so in its types

    def execute_complete(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow's own
        """Go on when the trigger has found the snapshot, or gave up."""
        snapshot = snapshot_in(event, failed=AirflowFailException, too_late=AirflowSensorTimeout)
        self.log.info("%s", summary(snapshot))
        return snapshot

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        with failing_for_good(SnapshotFailedError):
            settings = AtlasBackupsHook(self.text("atlas_conn_id")).settings()
            try:
                with settings.client() as atlas:
                    snapshot = self._look(atlas)
            except OUTAGES as error:
                self.log.warning("Looking again later: %s", error)
                snapshot = None
        if snapshot is None:
            return PokeReturnValue(is_done=False)
        push_link(context, settings.base_url, snapshot.group_id, snapshot.cluster_name)
        found = as_json(snapshot)
        self.log.info("%s", summary(found))
        return PokeReturnValue(is_done=snapshot.status == "completed", xcom_value=found)

    def _look(self, atlas: AtlasBackups) -> Snapshot | None:
        if age := self._age():
            group_id, cluster_name = self._cluster(atlas)
            return age.newest(atlas.list_snapshots(group_id, cluster_name))
        address = arguments.address(atlas, self._given, self)
        try:
            snapshot = atlas.get_snapshot(*address)
        except SnapshotNotFoundError:
            if not _is_young(address.snapshot_id):
                raise
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
        with settings.client() as atlas:
            if age := self._age():
                group_id, cluster_name = self._cluster(atlas)
                push_link(context, settings.base_url, group_id, cluster_name)
                return RecentSnapshotTrigger(
                    group_id=group_id,
                    cluster_name=cluster_name,
                    newer_than=age.newer_than,
                    max_age=age.max_age,
                    **common,
                )
            address = arguments.address(atlas, self._given, self)
        push_link(context, settings.base_url, address.group_id, address.cluster_name)
        return AtlasSnapshotTrigger(**address._asdict(), **common)

    def _age(self) -> Age | None:
        if self._wanted == "newer_than":
            return Age(newer_than=moment("newer_than", self.newer_than))
        if self._wanted == "max_age":
            return Age(max_age=arguments.seconds("max_age", self.max_age))
        return None

    def _cluster(self, atlas: AtlasBackups) -> tuple[str, str]:
        wanted, cluster_name = self.text(self._given), self.text("cluster_name")
        return arguments.project(atlas, self._given, wanted), cluster_name


def _is_young(snapshot_id: str) -> bool:
    """Return whether Atlas may have made this id so lately that it does not show it yet."""
    return time.time() - int(snapshot_id[:8], 16) < _UNSEEN_SECONDS
