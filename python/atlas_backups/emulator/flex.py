"""Flex clusters: paths of their own, and snapshots in a shape of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors, views
from .call import Call, Outcome, snapshot_id_of
from .wire import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from .snapshot import HeldSnapshot
    from .store import ClusterState, Store

_STATUS = {
    "queued": "QUEUED",
    "inProgress": "RUNNING",
    "completed": "COMPLETED",
    "failed": "FAILED",
}


class FlexOperations:
    """Operations of flex clusters by name. Not locked: the service does that."""

    def __init__(self, store: Store, base_url: Callable[[], str]) -> None:
        self._store = store
        self._base_url = base_url
        self.by_name: dict[str, Callable[[Call], Outcome]] = {
            "listFlexClusters": self._list_clusters,
            "getFlexCluster": self._get_cluster,
            "listFlexSnapshots": self._list_snapshots,
            "getFlexSnapshot": self._get_snapshot,
            "listFlexRestoreJobs": self._list_restore_jobs,
            "getFlexRestoreJob": self._get_restore_job,
        }

    def _list_clusters(self, call: Call) -> Outcome:
        project = self._store.project(call.parameters["groupId"])
        states = [state for state in project.clusters.values() if state.cluster.flex]
        chosen, frame = views.page(states, call.query, call.address)
        frame["results"] = [cluster_view(state) for state in chosen]
        return Outcome(frame, is_list=True)

    def _get_cluster(self, call: Call) -> Outcome:
        return Outcome(cluster_view(self._cluster(call)))

    def _list_snapshots(self, call: Call) -> Outcome:
        state = self._cluster(call)
        # Oldest first, as recorded, unlike those of other clusters.
        held = self._store.listed(state, call.now)[::-1]
        chosen, frame = views.page(held, call.query, call.address)
        frame["results"] = [snapshot_view(item, call.now) for item in chosen]
        return Outcome(frame, is_list=True)

    def _get_snapshot(self, call: Call) -> Outcome:
        state = self._cluster(call)
        snapshot_id = snapshot_id_of(call)
        held = self._store.find(state, snapshot_id, call.now)
        if held is None:
            raise errors.snapshot_not_found(snapshot_id, state.cluster.name)
        return Outcome(snapshot_view(held, call.now))

    def _list_restore_jobs(self, call: Call) -> Outcome:
        self._cluster(call)
        nothing: list[dict[str, Any]] = []
        chosen, frame = views.page(nothing, call.query, call.address)
        frame["results"] = chosen
        return Outcome(frame, is_list=True)

    def _get_restore_job(self, call: Call) -> Outcome:
        state = self._cluster(call)
        raise errors.restore_job_not_found(call.parameters["restoreJobId"], state.cluster.name)

    def _cluster(self, call: Call) -> ClusterState:
        state = self._store.flex_cluster(call.parameters["groupId"], call.parameters["clusterName"])
        self._store.drop_expired(state, call.now)
        return state


def wire_of(held: HeldSnapshot, now: float, base_url: str) -> dict[str, Any]:
    """Return a snapshot as the interface of its kind of cluster answers it at `now`."""
    if held.cluster.flex:
        return snapshot_view(held, now)
    return held.wire(now, base_url)


def snapshot_view(held: HeldSnapshot, now: float) -> dict[str, Any]:
    """Return a flex cluster's snapshot at `now`."""
    status = held.status(now)
    view: dict[str, Any] = {
        "expiration": iso(held.expiry(now)),
        "id": held.id,
        "mongoDBVersion": held.cluster.mongo_db_version,
        "scheduledTime": iso(held.requested_at),
        "status": _STATUS[status],
    }
    if status != "queued":
        view["startTime"] = iso(held.started_at)
    if held.finished(now):
        view["finishTime"] = iso(held.ended_at)
    return view


def cluster_view(state: ClusterState) -> dict[str, Any]:
    """Return one flex cluster."""
    mine = state.cluster
    host = f"{mine.name.lower()}.emulator.invalid"
    return {
        "backupSettings": {"enabled": mine.backup_enabled},
        "clusterType": "REPLICASET",
        "connectionStrings": {
            "standard": f"mongodb://{host}:27017/?ssl=true",
            "standardSrv": f"mongodb+srv://{host}",
        },
        "createDate": iso(state.created_at),
        "groupId": state.group_id,
        "id": state.id,
        "mongoDBVersion": mine.mongo_db_version,
        "name": mine.name,
        "providerSettings": {
            "backingProviderName": mine.provider,
            "diskSizeGB": 5.0,
            "providerName": "FLEX",
            "regionName": mine.region,
        },
        "stateName": mine.state_name,
        "tags": [],
        "terminationProtectionEnabled": False,
        "versionReleaseSystem": "LTS",
    }
