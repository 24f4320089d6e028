"""The operations on projects, clusters and snapshots."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from . import views
from .auth import MANAGE, TAKE
from .errors import Rejection, rejection
from .request_parsing import PAGING, Query, parse_retention, parse_take
from .routing import Call, Outcome, route
from .serialization import link

if TYPE_CHECKING:
    from collections.abc import Callable

    from .snapshot import StoredSnapshot
    from .store import ClusterState

_CLUSTER = "/{groupId}/clusters/{clusterName}"
_SNAPSHOTS = f"{_CLUSTER}/backup/snapshots"
_SNAPSHOT = f"{_SNAPSHOTS}/{{snapshotId}}"
_SHARDED_SNAPSHOT = f"{_SNAPSHOTS}/shardedCluster/{{snapshotId}}"
_POINT_IN_TIME = frozenset({"pointInTimeUtcSeconds", "oplogTs", "oplogInc"})
_DELETED_CLUSTERS = "includeDeletedWithRetainedBackups"


@route("listProjects", "GET", "", "projects", roles=None, query=PAGING)
def _list_projects(call: Call) -> Outcome:
    allowed = call.credential.group_ids
    states = [
        state
        for group_id, state in call.store.projects.items()
        if allowed is None or group_id in allowed
    ]
    return views.page(states, call, lambda state: views.project(state, call.base_url))


@route("getProjectByName", "GET", "/byName/{groupName}", "projects", roles=None)
def _get_project_by_name(call: Call) -> Outcome:
    name = call.parameters["groupName"]
    allowed = call.credential.group_ids
    for group_id, state in call.store.projects.items():
        if state.project.name == name and (allowed is None or group_id in allowed):
            return Outcome(views.project(state, call.base_url))
    raise rejection("GROUP_NAME_NOT_FOUND", name)


@route("getProject", "GET", "/{groupId}", "projects")
def _get_project(call: Call) -> Outcome:
    return Outcome(views.project(call.store.project(call.group_id), call.base_url))


@route("listClusters", "GET", "/{groupId}/clusters", "clusters", query=PAGING | {_DELETED_CLUSTERS})
def _list_clusters(call: Call) -> Outcome:
    call.query.flag(_DELETED_CLUSTERS, default=False)
    clusters = call.store.project(call.group_id).clusters.values()
    states = [state for state in clusters if not state.cluster.flex]
    return views.page(states, call, lambda state: views.cluster(state, call.version, call.base_url))


@route("getCluster", "GET", _CLUSTER, "clusters")
def _get_cluster(call: Call) -> Outcome:
    return Outcome(views.cluster(_cluster(call), call.version, call.base_url))


@route("listSnapshots", "GET", _SNAPSHOTS, "snapshots", query=PAGING | _POINT_IN_TIME)
def _list_snapshots(call: Call) -> Outcome:
    before = _point_in_time(call.query)
    state = _supported_cluster(call)
    behaviour = call.behaviour
    rows: list[Callable[[], dict[str, Any]]] = []
    for snapshot in call.store.listed(state, call.now):
        usable = snapshot.status(call.now) == "completed" and snapshot.cut_at <= (before or 0)
        if before is not None and not usable:
            continue
        if not state.cluster.sharded or behaviour.sharded_in_plain_endpoints:
            rows.append(partial(snapshot.wire, call.now, call.base_url))
        if behaviour.sharded_parts_listed:
            rows.extend(
                partial(snapshot.part_wire, part, call.now, call.base_url)
                for part in snapshot.visible_parts(call.now)
            )
    return views.page(rows, call, lambda row: row())


@route("takeSnapshot", "POST", _SNAPSHOTS, "snapshots", roles=TAKE, has_body=True)
def _take_snapshot(call: Call) -> Outcome:
    order = parse_take(call.body)
    snapshot = call.store.take(_cluster(call), order, call.now)
    return Outcome(snapshot.wire(call.now, call.base_url))


@route("listShardedSnapshots", "GET", f"{_SNAPSHOTS}/shardedClusters", "snapshots")
def _list_sharded_snapshots(call: Call) -> Outcome:
    state = _supported_cluster(call)
    name = state.cluster.name
    status = call.behaviour.sharded_list_of_replica_set
    if not state.cluster.sharded and status != "empty":
        code = {400: "VALIDATION_ERROR", 404: "RESOURCE_NOT_FOUND"}[status]
        raise Rejection(status, code, f"Cluster {name} is not a sharded cluster.", [name])
    listed = call.store.listed(state, call.now) if state.cluster.sharded else []
    body = {
        "links": [link(call.address)],
        "results": [snapshot.wire(call.now, call.base_url) for snapshot in listed],
        "totalCount": len(listed),
    }
    return Outcome(body, is_list=True)


@route("getShardedSnapshot", "GET", _SHARDED_SNAPSHOT, "snapshots")
def _get_sharded_snapshot(call: Call) -> Outcome:
    state, snapshot = _find(call)
    view = snapshot.wire(call.now, call.base_url)
    if not state.cluster.sharded:
        if call.behaviour.sharded_path_of_replica_set != "empty":
            raise rejection("SNAPSHOT_NOT_FOUND", snapshot.id, state.cluster.name)
        view["members"] = view["snapshotIds"] = list[str]()
    return Outcome(view)


@route("deleteShardedSnapshot", "DELETE", _SHARDED_SNAPSHOT, "snapshots", roles=MANAGE)
def _delete_sharded_snapshot(call: Call) -> Outcome:
    state, snapshot = _find(call)
    if not state.cluster.sharded:
        raise rejection("SNAPSHOT_NOT_FOUND", snapshot.id, state.cluster.name)
    call.store.delete(state, snapshot, call.now)
    return Outcome(None)


@route("getSnapshot", "GET", _SNAPSHOT, "snapshots")
def _get_snapshot(call: Call) -> Outcome:
    state = _supported_cluster(call)
    snapshot_id = call.snapshot_id
    snapshot = call.store.find(state, snapshot_id, call.now)
    behaviour = call.behaviour
    if snapshot and (not state.cluster.sharded or behaviour.sharded_in_plain_endpoints):
        return Outcome(snapshot.wire(call.now, call.base_url))
    found = call.store.find_part(state, snapshot_id, call.now)
    if found and behaviour.sharded_parts_listed:
        whole, part = found
        return Outcome(whole.part_wire(part, call.now, call.base_url))
    raise rejection("SNAPSHOT_NOT_FOUND", snapshot_id, state.cluster.name)


@route("changeRetention", "PATCH", _SNAPSHOT, "snapshots", roles=MANAGE, has_body=True)
def _change_retention(call: Call) -> Outcome:
    order = parse_retention(call.body)
    state = _supported_cluster(call)
    snapshot_id = call.snapshot_id
    snapshot = call.store.find(state, snapshot_id, call.now)
    if snapshot is None:
        if call.store.find_part(state, snapshot_id, call.now):
            raise rejection("CANNOT_MODIFY_CLUSTER_SNAPSHOT", snapshot_id)
        raise rejection("SNAPSHOT_NOT_FOUND", snapshot_id, state.cluster.name)
    call.store.change_retention(snapshot, order, call.now)
    return Outcome(snapshot.wire(call.now, call.base_url))


@route("deleteSnapshot", "DELETE", _SNAPSHOT, "snapshots", roles=MANAGE)
def _delete_snapshot(call: Call) -> Outcome:
    state = _supported_cluster(call)
    snapshot_id = call.snapshot_id
    snapshot = call.store.find(state, snapshot_id, call.now)
    hidden = state.cluster.sharded and not call.behaviour.sharded_in_plain_endpoints
    if snapshot is None or hidden:
        if call.store.find_part(state, snapshot_id, call.now):
            raise rejection("CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", snapshot_id)
        raise rejection("SNAPSHOT_NOT_FOUND", snapshot_id, state.cluster.name)
    call.store.delete(state, snapshot, call.now)
    return Outcome(None)


# Atlas's own programs read these three beside snapshots.


@route("getSchedule", "GET", f"{_CLUSTER}/backup/schedule", "schedules")
def _get_schedule(call: Call) -> Outcome:
    state = call.store.cluster(call.group_id, call.parameters["clusterName"])
    if state.cluster.tenant:
        raise rejection("TENANT_CLUSTER_UPDATE_UNSUPPORTED", state.cluster.name)
    if not state.cluster.backup_enabled:
        raise rejection("BACKUP_CONFIG_NOT_FOUND", state.cluster.name, call.group_id)
    return Outcome(views.schedule(state, call.address, call.base_url))


@route(
    "listContainers", "GET", "/{groupId}/containers", "containers", query=PAGING | {"providerName"}
)
def _list_containers(call: Call) -> Outcome:
    provider = call.query.values.get("providerName", "AWS")
    found: dict[str, ClusterState] = {}
    for state in call.store.project(call.group_id).clusters.values():
        cluster = state.cluster
        if cluster.provider == provider and not (cluster.flex or cluster.tenant):
            found.setdefault(cluster.region, state)
    return views.page(list(found.values()), call, views.container)


@route("listTeams", "GET", "/{groupId}/teams", "teams", query=PAGING)
def _list_teams(call: Call) -> Outcome:
    call.store.project(call.group_id)
    return views.empty_page(call)


# Flex clusters have paths of their own, and snapshots in a shape of their own.

_FLEX_CLUSTERS = "/{groupId}/flexClusters"
_FLEX_CLUSTER = f"{_FLEX_CLUSTERS}/{{clusterName}}"
_FLEX_SNAPSHOTS = f"{_FLEX_CLUSTER}/backup/snapshots"
_FLEX_RESTORE_JOBS = f"{_FLEX_CLUSTER}/backup/restoreJobs"


@route("listFlexClusters", "GET", _FLEX_CLUSTERS, "flexClusters", query=PAGING)
def _list_flex_clusters(call: Call) -> Outcome:
    clusters = call.store.project(call.group_id).clusters.values()
    return views.page([item for item in clusters if item.cluster.flex], call, views.flex_cluster)


@route("getFlexCluster", "GET", _FLEX_CLUSTER, "flexClusters")
def _get_flex_cluster(call: Call) -> Outcome:
    return Outcome(views.flex_cluster(_cluster(call, flex=True)))


@route("listFlexSnapshots", "GET", _FLEX_SNAPSHOTS, "flexSnapshots", query=PAGING)
def _list_flex_snapshots(call: Call) -> Outcome:
    # Oldest first, as recorded, unlike the lists of other clusters.
    snapshots = call.store.listed(_cluster(call, flex=True), call.now)[::-1]
    return views.page(snapshots, call, lambda item: views.flex_snapshot(item, call.now))


@route("getFlexSnapshot", "GET", f"{_FLEX_SNAPSHOTS}/{{snapshotId}}", "flexSnapshots")
def _get_flex_snapshot(call: Call) -> Outcome:
    state = _cluster(call, flex=True)
    snapshot = call.store.find(state, call.snapshot_id, call.now)
    if snapshot is None:
        raise rejection("SNAPSHOT_NOT_FOUND", call.snapshot_id, state.cluster.name)
    return Outcome(views.flex_snapshot(snapshot, call.now))


@route("listFlexRestoreJobs", "GET", _FLEX_RESTORE_JOBS, "flexRestoreJobs", query=PAGING)
def _list_flex_restore_jobs(call: Call) -> Outcome:
    _cluster(call, flex=True)
    return views.empty_page(call)


@route("getFlexRestoreJob", "GET", f"{_FLEX_RESTORE_JOBS}/{{restoreJobId}}", "flexRestoreJobs")
def _get_flex_restore_job(call: Call) -> Outcome:
    name = _cluster(call, flex=True).cluster.name
    raise rejection("RESTORE_JOB_NOT_FOUND", call.parameters["restoreJobId"], name)


def _find(call: Call) -> tuple[ClusterState, StoredSnapshot]:
    state = _supported_cluster(call)
    snapshot = call.store.find(state, call.snapshot_id, call.now)
    if snapshot is None:
        raise rejection("SNAPSHOT_NOT_FOUND", call.snapshot_id, state.cluster.name)
    return state, snapshot


def _cluster(call: Call, *, flex: bool = False) -> ClusterState:
    state = call.store.cluster(call.group_id, call.parameters["clusterName"], flex=flex)
    call.store.drop_expired(state, call.now)
    return state


def _supported_cluster(call: Call) -> ClusterState:
    state = _cluster(call)
    if state.cluster.tenant:
        raise rejection("TENANT_CLUSTER_UPDATE_UNSUPPORTED", state.cluster.name)
    return state


def _point_in_time(query: Query) -> int | None:
    seconds = query.integer("pointInTimeUtcSeconds")
    oplog = query.integer("oplogTs")
    increment = query.integer("oplogInc")
    if (oplog is None) != (increment is None):
        name = "oplogTs" if oplog is not None else "oplogInc"
        raise rejection("INVALID_QUERY_PARAMETER", name)
    if seconds is not None and oplog is not None:
        raise rejection("INVALID_QUERY_PARAMETER", "pointInTimeUtcSeconds")
    return seconds if seconds is not None else oplog
