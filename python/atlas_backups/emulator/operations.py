"""What each operation does, once the caller is let in and the request is understood."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from . import errors, views
from .call import Call, Outcome, snapshot_id_of
from .flex import FlexOperations
from .json_body import retention_order, take_order
from .surroundings import SurroundingOperations
from .wire import link

if TYPE_CHECKING:
    from collections.abc import Callable

    from .options import Options
    from .query import Query
    from .snapshot import HeldSnapshot
    from .store import ClusterState, Store


class Operations:
    """The operations by name. Not locked: the service does that.

    Args:
        store: What they read and change.
        options: Present settings.
        base_url: Gives the emulator's own address, for links.
    """

    def __init__(self, store: Store, options: Options, base_url: Callable[[], str]) -> None:
        self._store = store
        self._options = options
        self._base_url = base_url
        self._by_name: dict[str, Callable[[Call], Outcome]] = {
            "listProjects": self._list_projects,
            "getProjectByName": self._get_project_by_name,
            "getProject": self._get_project,
            "listClusters": self._list_clusters,
            "getCluster": self._get_cluster,
            "listSnapshots": self._list_snapshots,
            "takeSnapshot": self._take,
            "getSnapshot": self._get_snapshot,
            "changeRetention": self._change_retention,
            "deleteSnapshot": self._delete_snapshot,
            "listShardedSnapshots": self._list_sharded,
            "getShardedSnapshot": self._get_sharded,
            "deleteShardedSnapshot": self._delete_sharded,
            **FlexOperations(store, base_url).by_name,
            **SurroundingOperations(store, base_url).by_name,
        }

    def run(self, name: str, call: Call) -> Outcome:
        """Carry out an operation.

        Raises:
            Refusal: Whatever Atlas would refuse.
        """
        return self._by_name[name](call)

    def _list_projects(self, call: Call) -> Outcome:
        allowed = call.credential.group_ids
        states = [
            state
            for group_id, state in self._store.projects.items()
            if allowed is None or group_id in allowed
        ]
        chosen, frame = views.page(states, call.query, call.address)
        frame["results"] = [views.project(state, self._base_url()) for state in chosen]
        return Outcome(frame, is_list=True)

    def _get_project_by_name(self, call: Call) -> Outcome:
        name = call.parameters["groupName"]
        allowed = call.credential.group_ids
        for group_id, state in self._store.projects.items():
            if state.project.name == name and (allowed is None or group_id in allowed):
                return Outcome(views.project(state, self._base_url()))
        raise errors.group_name_not_found(name)

    def _get_project(self, call: Call) -> Outcome:
        state = self._store.project(call.parameters["groupId"])
        return Outcome(views.project(state, self._base_url()))

    def _list_clusters(self, call: Call) -> Outcome:
        call.query.flag("includeDeletedWithRetainedBackups", default=False)
        project = self._store.project(call.parameters["groupId"])
        states = [state for state in project.clusters.values() if not state.cluster.flex]
        chosen, frame = views.page(states, call.query, call.address)
        frame["results"] = [views.cluster(item, call.version, self._base_url()) for item in chosen]
        return Outcome(frame, is_list=True)

    def _get_cluster(self, call: Call) -> Outcome:
        return Outcome(views.cluster(self._cluster(call), call.version, self._base_url()))

    def _take(self, call: Call) -> Outcome:
        order = take_order(call.body)
        state = self._cluster(call)
        held = self._store.take(state, order, call.now)
        return Outcome(held.wire(call.now, self._base_url()))

    def _list_snapshots(self, call: Call) -> Outcome:
        before = _point_in_time(call.query)
        state = self._served_cluster(call)
        base_url = self._base_url()
        behaviour = self._options.behaviour
        rows: list[Callable[[], dict[str, Any]]] = []
        for held in self._store.listed(state, call.now):
            usable = held.status(call.now) == "completed" and held.cut_at <= (before or 0)
            if before is not None and not usable:
                continue
            if not state.cluster.sharded or behaviour.sharded_in_plain_endpoints:
                rows.append(partial(held.wire, call.now, base_url))
            if behaviour.sharded_parts_listed:
                rows.extend(
                    partial(held.part_wire, part, call.now, base_url)
                    for part in held.visible_parts(call.now)
                )
        chosen, frame = views.page(rows, call.query, call.address)
        frame["results"] = [row() for row in chosen]
        return Outcome(frame, is_list=True)

    def _get_snapshot(self, call: Call) -> Outcome:
        state = self._served_cluster(call)
        snapshot_id = snapshot_id_of(call)
        held = self._store.find(state, snapshot_id, call.now)
        behaviour = self._options.behaviour
        if held and (not state.cluster.sharded or behaviour.sharded_in_plain_endpoints):
            return Outcome(held.wire(call.now, self._base_url()))
        found = self._store.find_part(state, snapshot_id, call.now)
        if found and behaviour.sharded_parts_listed:
            whole, part = found
            return Outcome(whole.part_wire(part, call.now, self._base_url()))
        raise errors.snapshot_not_found(snapshot_id, state.cluster.name)

    def _change_retention(self, call: Call) -> Outcome:
        order = retention_order(call.body)
        state = self._served_cluster(call)
        snapshot_id = snapshot_id_of(call)
        held = self._store.find(state, snapshot_id, call.now)
        if held is None:
            if self._store.find_part(state, snapshot_id, call.now):
                raise errors.cannot_modify_part(snapshot_id)
            raise errors.snapshot_not_found(snapshot_id, state.cluster.name)
        self._store.change_retention(held, order, call.now)
        return Outcome(held.wire(call.now, self._base_url()))

    def _delete_snapshot(self, call: Call) -> Outcome:
        state = self._served_cluster(call)
        snapshot_id = snapshot_id_of(call)
        held = self._store.find(state, snapshot_id, call.now)
        hidden = state.cluster.sharded and not self._options.behaviour.sharded_in_plain_endpoints
        if held is None or hidden:
            if self._store.find_part(state, snapshot_id, call.now):
                raise errors.cannot_delete_part(snapshot_id)
            raise errors.snapshot_not_found(snapshot_id, state.cluster.name)
        self._store.delete(state, held, call.now)
        return Outcome(None)

    def _list_sharded(self, call: Call) -> Outcome:
        state = self._served_cluster(call)
        if not state.cluster.sharded:
            self._check_sharded_list(state.cluster.name)
        listed = self._store.listed(state, call.now) if state.cluster.sharded else []
        return Outcome(
            {
                "links": [link(call.address)],
                "results": [held.wire(call.now, self._base_url()) for held in listed],
                "totalCount": len(listed),
            },
            is_list=True,
        )

    def _check_sharded_list(self, name: str) -> None:
        status = self._options.behaviour.sharded_list_of_replica_set
        if status != "empty":
            code = {400: "VALIDATION_ERROR", 404: "RESOURCE_NOT_FOUND"}[status]
            detail = f"Cluster {name} is not a sharded cluster."
            raise errors.Refusal(status, code, detail, [name])

    def _get_sharded(self, call: Call) -> Outcome:
        state, held = self._found(call)
        view = held.wire(call.now, self._base_url())
        if not state.cluster.sharded:
            if self._options.behaviour.sharded_path_of_replica_set != "empty":
                raise errors.snapshot_not_found(held.id, state.cluster.name)
            view["members"] = view["snapshotIds"] = list[str]()
        return Outcome(view)

    def _delete_sharded(self, call: Call) -> Outcome:
        state, held = self._found(call)
        if not state.cluster.sharded:
            raise errors.snapshot_not_found(held.id, state.cluster.name)
        self._store.delete(state, held, call.now)
        return Outcome(None)

    def _found(self, call: Call) -> tuple[ClusterState, HeldSnapshot]:
        state = self._served_cluster(call)
        snapshot_id = snapshot_id_of(call)
        held = self._store.find(state, snapshot_id, call.now)
        if held is None:
            raise errors.snapshot_not_found(snapshot_id, state.cluster.name)
        return state, held

    def _cluster(self, call: Call) -> ClusterState:
        state = self._store.cluster(call.parameters["groupId"], call.parameters["clusterName"])
        self._store.drop_expired(state, call.now)
        return state

    def _served_cluster(self, call: Call) -> ClusterState:
        state = self._cluster(call)
        if state.cluster.tenant:
            raise errors.tenant_cluster(state.cluster.name)
        return state


def _point_in_time(query: Query) -> int | None:
    seconds = query.moment("pointInTimeUtcSeconds")
    oplog = query.moment("oplogTs")
    increment = query.moment("oplogInc")
    if (oplog is None) != (increment is None):
        raise errors.invalid_query_parameter("oplogTs" if oplog is not None else "oplogInc")
    if seconds is not None and oplog is not None:
        raise errors.invalid_query_parameter("pointInTimeUtcSeconds")
    return seconds if seconds is not None else oplog
