"""The state of the service: projects, clusters and their snapshots."""

from __future__ import annotations

import calendar
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .errors import rejection, retention_violation
from .serialization import MAX_DATETIME, ObjectIdFactory, from_epoch
from .snapshot import Part, Plan, StoredSnapshot, add_clamped

if TYPE_CHECKING:
    from .options import Behaviour, Options
    from .request_parsing import RetentionOrder, TakeOrder
    from .seed import Cluster, ExistingSnapshot, Project, World

ON_DEMAND = "onDemand"


@dataclass
class ClusterState:
    """A cluster and its snapshots, oldest first."""

    group_id: str
    cluster: Cluster
    id: str
    created_at: float
    snapshots: dict[str, StoredSnapshot] = field(default_factory=dict[str, StoredSnapshot])


@dataclass
class ProjectState:
    """A project and its clusters by name."""

    project: Project
    created_at: float
    clusters: dict[str, ClusterState]


@dataclass(frozen=True)
class ScriptedPlan:
    """The life cycle of a future snapshot; `cluster_name` None: of any cluster."""

    plan: Plan
    cluster_name: str | None


class Store:
    """The data behind the operations. Not thread-safe: the service locks.

    Args:
        world: The initial content.
        options: Read at every use, so that changes take effect at once.
        now: The start time, in seconds since the epoch.
    """

    def __init__(self, world: World, options: Options, now: float) -> None:
        self._options = options
        self._ids = ObjectIdFactory()
        self.plans: deque[ScriptedPlan] = deque()
        self.projects: dict[str, ProjectState] = {
            project.id: self._project(project, now) for project in world.projects
        }

    @property
    def _behaviour(self) -> Behaviour:
        return self._options.behaviour

    def project(self, group_id: str) -> ProjectState:
        """Return a project, or reject the request with 404."""
        try:
            return self.projects[group_id]
        except KeyError:
            raise rejection("GROUP_NOT_FOUND", group_id) from None

    def cluster(self, group_id: str, name: str, *, flex: bool = False) -> ClusterState:
        """Return a cluster, or reject the request with 404 or 400.

        Args:
            group_id: Id of the project.
            name: Name of the cluster.
            flex: Whether the request came through the flex API.
        """
        try:
            state = self.project(group_id).clusters[name]
        except KeyError:
            raise rejection("CLUSTER_NOT_FOUND", name, group_id) from None
        if state.cluster.flex and not flex:
            raise rejection("CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", name)
        if flex and not state.cluster.flex:
            raise rejection("CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API", name)
        return state

    def take(self, state: ClusterState, order: TakeOrder, now: float) -> StoredSnapshot:
        """Start an on-demand snapshot, or reject the request."""
        cluster = state.cluster
        if cluster.tenant:
            raise rejection("TENANT_CLUSTER_UPDATE_UNSUPPORTED", cluster.name)
        if not cluster.backup_enabled:
            raise rejection("BACKUP_JOB_NOT_FOUND", cluster.name, state.group_id)
        if cluster.paused and self._behaviour.paused_clusters == "refuse":
            raise rejection("CANNOT_UPDATE_PAUSED_CLUSTER", cluster.name)
        lag = self._behaviour.busy_check_lag_seconds
        if lag is not None and any(
            snapshot.snapshot_type == ON_DEMAND
            and not snapshot.finished(now)
            and now - snapshot.requested_at >= lag
            for snapshot in state.snapshots.values()
        ):
            raise rejection("UNFINISHED_ON_DEMAND_SNAPSHOT", cluster.name)
        if order.retention_in_days is None and self._behaviour.retention_required:
            detail = "The retention of an on-demand snapshot must be specified."
            raise retention_violation(detail, "must not be null")
        days = order.retention_in_days or self._behaviour.default_retention_days
        snapshot = StoredSnapshot(
            id=self._ids.at(now),
            group_id=state.group_id,
            cluster=cluster,
            requested_at=now,
            plan=self._next_plan(cluster.name),
            snapshot_type=ON_DEMAND,
            frequency_type="ondemand",
            description=order.description,
            retention=_days(days),
            parts=self._parts(cluster, now),
        )
        state.snapshots[snapshot.id] = snapshot
        return snapshot

    def find(self, state: ClusterState, snapshot_id: str, now: float) -> StoredSnapshot | None:
        """Return the snapshot with this id if it is already visible."""
        snapshot = state.snapshots.get(snapshot_id)
        if snapshot is None or now - snapshot.requested_at < self._behaviour.get_lag_seconds:
            return None
        return snapshot

    def find_part(
        self, state: ClusterState, snapshot_id: str, now: float
    ) -> tuple[StoredSnapshot, Part] | None:
        """Return the part with this id, and its snapshot."""
        for snapshot in state.snapshots.values():
            for part in snapshot.visible_parts(now):
                if part.id == snapshot_id:
                    return snapshot, part
        return None

    def listed(self, state: ClusterState, now: float) -> list[StoredSnapshot]:
        """Return the visible snapshots of a cluster, newest first."""
        lag = self._behaviour.list_lag_seconds
        shown = [
            snapshot for snapshot in state.snapshots.values() if now - snapshot.requested_at >= lag
        ]
        return sorted(
            shown, key=lambda snapshot: (snapshot.requested_at, snapshot.id), reverse=True
        )

    def change_retention(self, snapshot: StoredSnapshot, order: RetentionOrder, now: float) -> None:
        """Set the expiry, counted from the end of the snapshot, or reject the request."""
        if not snapshot.finished(now):
            raise rejection("CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION", snapshot.id)
        snapshot.expires_at = _expiry(from_epoch(snapshot.ended_at), order)

    def delete(self, state: ClusterState, snapshot: StoredSnapshot, now: float) -> None:
        """Delete a finished snapshot, or reject the request."""
        if not snapshot.finished(now):
            raise rejection("CANNOT_DELETE_IN_PROGRESS_SNAPSHOT", snapshot.id)
        del state.snapshots[snapshot.id]

    def drop_expired(self, state: ClusterState, now: float) -> None:
        """Delete a cluster's expired snapshots."""
        present = from_epoch(now)
        expired = [
            key
            for key, snapshot in state.snapshots.items()
            if snapshot.finished(now) and snapshot.expiry(now) <= present
        ]
        for key in expired:
            del state.snapshots[key]

    def _next_plan(self, cluster_name: str) -> Plan:
        for scripted in self.plans:
            if scripted.cluster_name in {None, cluster_name}:
                self.plans.remove(scripted)
                return scripted.plan
        return Plan(seconds=self._options.snapshot_seconds)

    def _parts(self, cluster: Cluster, now: float) -> tuple[Part, ...]:
        if not cluster.sharded:
            return ()
        return tuple(Part(self._ids.at(now), name) for name in cluster.part_names)

    def _project(self, project: Project, now: float) -> ProjectState:
        created_at = now - 90 * 86_400
        clusters = {
            cluster.name: ClusterState(
                project.id, cluster, self._ids.at(created_at + 3600), created_at + 3600
            )
            for cluster in project.clusters
        }
        for state in clusters.values():
            oldest_first = sorted(state.cluster.snapshots, key=lambda item: -item.age_seconds)
            for existing in oldest_first:
                snapshot = self._existing(state, existing, now)
                state.snapshots[snapshot.id] = snapshot
        return ProjectState(project, created_at, clusters)

    def _existing(
        self, state: ClusterState, existing: ExistingSnapshot, now: float
    ) -> StoredSnapshot:
        requested_at = now - existing.age_seconds
        finished = existing.status in {"completed", "failed"}
        usual = min(self._options.snapshot_seconds, existing.age_seconds)
        ends_in = existing.ends_in_seconds
        plan = Plan(
            seconds=usual if finished else existing.age_seconds + (ends_in or 0.0),
            fails=existing.status == "failed",
            never_ends=not finished and ends_in is None,
        )
        policy = () if existing.snapshot_type == ON_DEMAND else (self._ids.at(state.created_at),)
        return StoredSnapshot(
            id=existing.id or self._ids.at(requested_at),
            group_id=state.group_id,
            cluster=state.cluster,
            requested_at=requested_at,
            plan=plan,
            snapshot_type=existing.snapshot_type,
            frequency_type=existing.frequency_type,
            description=existing.description,
            retention=_days(existing.retention_days),
            parts=self._parts(state.cluster, requested_at),
            policy_items=policy,
            frozen_status=existing.status if not finished else None,
        )


def _days(days: int) -> timedelta:
    return timedelta(days=min(days, timedelta.max.days))


def _expiry(start: datetime, order: RetentionOrder) -> datetime:
    days = {"DAYS": 1, "WEEKS": 7}.get(order.unit)
    if days is not None:
        return add_clamped(start, _days(order.value * days))
    months = order.value * (12 if order.unit == "YEARS" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > MAX_DATETIME.year:
        return add_clamped(start, timedelta.max)
    # The 31st of a month without one becomes its last day.
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
