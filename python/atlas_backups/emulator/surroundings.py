"""What Atlas' own programs read beside snapshots: schedules, network containers, teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors, views
from .call import Call, Outcome
from .wire import link

if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import ClusterState, Store


class SurroundingOperations:
    """Read-only operations by name. Not locked: the service does that."""

    def __init__(self, store: Store, base_url: Callable[[], str]) -> None:
        self._store = store
        self._base_url = base_url
        self.by_name: dict[str, Callable[[Call], Outcome]] = {
            "getSchedule": self._get_schedule,
            "listContainers": self._list_containers,
            "listTeams": self._list_teams,
        }

    def _get_schedule(self, call: Call) -> Outcome:
        group_id, name = call.parameters["groupId"], call.parameters["clusterName"]
        state = self._store.cluster(group_id, name)
        if state.cluster.tenant:
            raise errors.tenant_cluster(name)
        if not state.cluster.backup_enabled:
            raise errors.backup_config_not_found(name, group_id)
        group = f"{self._base_url()}/api/atlas/v2/groups/{group_id}"
        return Outcome(_schedule(state, call.address, group))

    def _list_containers(self, call: Call) -> Outcome:
        provider = call.query.values.get("providerName", "AWS")
        project = self._store.project(call.parameters["groupId"])
        found: dict[str, dict[str, Any]] = {}
        for state in project.clusters.values():
            mine = state.cluster
            if mine.provider == provider and not (mine.flex or mine.tenant):
                found.setdefault(mine.region, _container(state))
        chosen, frame = views.page(list(found.values()), call.query, call.address)
        return Outcome({**frame, "results": chosen}, is_list=True)

    def _list_teams(self, call: Call) -> Outcome:
        self._store.project(call.parameters["groupId"])
        nobody: list[dict[str, Any]] = []
        chosen, frame = views.page(nobody, call.query, call.address)
        return Outcome({**frame, "results": chosen}, is_list=True)


def _schedule(state: ClusterState, address: str, group: str) -> dict[str, Any]:
    daily = {
        "frequencyInterval": 1,
        "frequencyType": "daily",
        "id": f"{state.id[:-2]}d1",
        "retentionUnit": "days",
        "retentionValue": 7,
    }
    return {
        "autoExportEnabled": False,
        "clusterId": state.id,
        "clusterName": state.cluster.name,
        "copySettings": [],
        "links": [link(address), link(group, "https://cloud.mongodb.com/group")],
        "policies": [{"id": f"{state.id[:-2]}d0", "policyItems": [daily]}],
        "referenceHourOfDay": 3,
        "referenceMinuteOfHour": 0,
        "restoreWindowDays": 7,
        "useOrgAndGroupNamesInExportPrefix": False,
    }


def _container(state: ClusterState) -> dict[str, Any]:
    mine = state.cluster
    view: dict[str, Any] = {
        "atlasCidrBlock": "192.168.248.0/21",
        "id": f"{state.id[:-2]}c0",
        "providerName": mine.provider,
        "provisioned": True,
    }
    if mine.provider == "AWS":
        return {**view, "regionName": mine.region, "vpcId": f"vpc-{state.id[:17]}"}
    if mine.provider == "AZURE":
        return {**view, "region": mine.region}
    return {**view, "gcpProjectId": f"p-{state.id}", "networkName": f"nt-{state.id}"}
