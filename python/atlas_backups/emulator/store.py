"""The service's memory: projects, clusters and the snapshots they hold."""

from __future__ import annotations

import calendar
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from . import errors
from .snapshot import HeldSnapshot, Part, Plan, later
from .wire import LAST_MOMENT, IdMaker, moment

if TYPE_CHECKING:
    from .json_body import RetentionOrder, TakeOrder
    from .options import Behaviour, Options
    from .world import Cluster, ExistingSnapshot, Project, World

ON_DEMAND = "onDemand"


@dataclass
class ClusterState:
    """A cluster and its snapshots, oldest first."""

    group_id: str
    cluster: Cluster
    id: str
    created_at: float
    snapshots: dict[str, HeldSnapshot] = field(default_factory=dict[str, HeldSnapshot])


@dataclass
class ProjectState:
    """A project and its clusters by name."""

    project: Project
    created_at: float
    clusters: dict[str, ClusterState]


@dataclass(frozen=True)
class ScriptedPlan:
    """The life that a coming snapshot will have; None for a cluster means any of them."""

    plan: Plan
    cluster_name: str | None


class Store:
    """Everything that requests read and change. Not locked: the service does that.

    Args:
        world: What exists at first.
        options: Read at every use, so that changes work at once.
        now: The time of the start, in seconds since the epoch.
    """

    def __init__(self, world: World, options: Options, now: float) -> None:
        self._options = options
        self._ids = IdMaker()
        self.plans: deque[ScriptedPlan] = deque()
        self.projects: dict[str, ProjectState] = {
            project.id: self._project(project, now) for project in world.projects
        }

    @property
    def _behaviour(self) -> Behaviour:
        return self._options.behaviour

    def project(self, group_id: str) -> ProjectState:
        """Return a project, or refuse with 404."""
        try:
            return self.projects[group_id]
        except KeyError:
            raise errors.group_not_found(group_id) from None

    def cluster(self, group_id: str, name: str) -> ClusterState:
        """Return a cluster that this interface serves, or refuse."""
        try:
            state = self.project(group_id).clusters[name]
        except KeyError:
            raise errors.cluster_not_found(name, group_id) from None
        if state.cluster.flex:
            raise errors.flex_cluster(name)
        return state

    def flex_cluster(self, group_id: str, name: str) -> ClusterState:
        """Return a cluster that the flex interface serves, or refuse."""
        try:
            state = self.project(group_id).clusters[name]
        except KeyError:
            raise errors.cluster_not_found(name, group_id) from None
        if not state.cluster.flex:
            raise errors.non_flex_cluster(name)
        return state

    def take(self, state: ClusterState, order: TakeOrder, now: float) -> HeldSnapshot:
        """Begin an on-demand snapshot, or refuse."""
        cluster = state.cluster
        if cluster.tenant:
            raise errors.tenant_cluster(cluster.name)
        if not cluster.backup_enabled:
            raise errors.backup_off(cluster.name, state.group_id)
        if cluster.paused and self._behaviour.paused_clusters == "refuse":
            raise errors.paused_cluster(cluster.name)
        lag = self._behaviour.busy_check_lag_seconds
        if lag is not None and any(
            held.snapshot_type == ON_DEMAND
            and not held.finished(now)
            and now - held.requested_at >= lag
            for held in state.snapshots.values()
        ):
            raise errors.unfinished_on_demand_snapshot(cluster.name)
        if order.retention_in_days is None and self._behaviour.retention_required:
            raise errors.missing_retention()
        days = order.retention_in_days or self._behaviour.default_retention_days
        held = HeldSnapshot(
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
        state.snapshots[held.id] = held
        return held

    def find(self, state: ClusterState, snapshot_id: str, now: float) -> HeldSnapshot | None:
        """Return the snapshot with this id if a reader can see it yet."""
        held = state.snapshots.get(snapshot_id)
        if held is None or now - held.requested_at < self._behaviour.get_lag_seconds:
            return None
        return held

    def find_part(
        self, state: ClusterState, snapshot_id: str, now: float
    ) -> tuple[HeldSnapshot, Part] | None:
        """Return the part with this id, with the snapshot it belongs to."""
        for held in state.snapshots.values():
            for part in held.visible_parts(now):
                if part.id == snapshot_id:
                    return held, part
        return None

    def listed(self, state: ClusterState, now: float) -> list[HeldSnapshot]:
        """Return what lists show of a cluster, newest first."""
        lag = self._behaviour.list_lag_seconds
        shown = [held for held in state.snapshots.values() if now - held.requested_at >= lag]
        return sorted(shown, key=lambda held: (held.requested_at, held.id), reverse=True)

    def change_retention(self, held: HeldSnapshot, order: RetentionOrder, now: float) -> None:
        """Move the expiry, counted from the end of the snapshot, or refuse."""
        if not held.finished(now):
            raise errors.cannot_modify_unfinished(held.id)
        held.expires_at = _expiry(moment(held.ended_at), order)

    def delete(self, state: ClusterState, held: HeldSnapshot, now: float) -> None:
        """Forget a finished snapshot, or refuse."""
        if not held.finished(now):
            raise errors.cannot_delete_unfinished(held.id)
        del state.snapshots[held.id]

    def drop_expired(self, state: ClusterState, now: float) -> None:
        """Forget the snapshots of one cluster whose time is over."""
        present = moment(now)
        expired = [
            key
            for key, held in state.snapshots.items()
            if held.finished(now) and held.expiry(now) <= present
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
                held = self._existing(state, existing, now)
                state.snapshots[held.id] = held
        return ProjectState(project, created_at, clusters)

    def _existing(
        self, state: ClusterState, existing: ExistingSnapshot, now: float
    ) -> HeldSnapshot:
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
        return HeldSnapshot(
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
            stays=existing.status if not finished else None,
        )


def _days(days: int) -> timedelta:
    return timedelta(days=min(days, timedelta.max.days))


def _expiry(start: datetime, order: RetentionOrder) -> datetime:
    days = {"DAYS": 1, "WEEKS": 7}.get(order.unit)
    if days is not None:
        return later(start, _days(order.value * days))
    months = order.value * (12 if order.unit == "YEARS" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > LAST_MOMENT.year:
        return later(start, timedelta.max)
    # The 31st of a month without one becomes its last day.
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
