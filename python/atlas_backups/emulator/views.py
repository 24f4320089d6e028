"""Projects, clusters, flex snapshots and list pages in Atlas's format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .request_parsing import MAX_ITEMS
from .routing import Call, Outcome
from .serialization import iso, link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .snapshot import StoredSnapshot
    from .store import ClusterState, ProjectState

Item = TypeVar("Item")
DEFAULT_ITEMS = 100
_FLEX_STATUS = {
    "queued": "QUEUED",
    "inProgress": "RUNNING",
    "completed": "COMPLETED",
    "failed": "FAILED",
}


def project(state: ProjectState, base_url: str) -> dict[str, Any]:
    """Return one project."""
    mine = state.project
    return {
        "clusterCount": sum(not item.cluster.flex for item in state.clusters.values()),
        "created": iso(state.created_at),
        "id": mine.id,
        "links": [link(f"{base_url}/api/atlas/v2/groups/{mine.id}")],
        "name": mine.name,
        "orgId": mine.org_id,
        "tags": [],
        "withDefaultAlertsSettings": True,
    }


def cluster(state: ClusterState, version: str, base_url: str) -> dict[str, Any]:
    """Return one cluster in one of the three versions of the resource."""
    mine = state.cluster
    major = ".".join(mine.mongo_db_version.split(".")[:2])
    path = f"{base_url}/api/atlas/v2/groups/{state.group_id}/clusters/{mine.name}"
    host = f"{mine.name.lower()}.emulator.invalid"
    view: dict[str, Any] = {
        "advancedConfiguration": {
            "customOpensslCipherConfigTls12": [],
            "customOpensslCipherConfigTls13": [],
            "minimumEnabledTlsProtocol": "TLS1_2",
            "tlsCipherConfigMode": "DEFAULT",
        },
        "backupEnabled": mine.backup_enabled,
        "biConnector": {"enabled": False, "readPreference": "secondary"},
        "clusterType": mine.cluster_type,
        "connectionStrings": {
            "standard": f"mongodb://{host}:27017/?ssl=true",
            "standardSrv": f"mongodb+srv://{host}",
        },
        "createDate": iso(state.created_at),
        "diskWarmingMode": "FULLY_WARMED",
        "encryptionAtRestProvider": "NONE" if mine.master_key_uuid is None else mine.provider,
        "featureCompatibilityVersion": major,
        "globalClusterSelfManagedSharding": False,
        "groupId": state.group_id,
        "id": state.id,
        "labels": [],
        "links": [
            link(path),
            link(f"{path}/backup/restoreJobs", "https://cloud.mongodb.com/restoreJobs"),
            link(f"{path}/backup/snapshots", "https://cloud.mongodb.com/snapshots"),
        ],
        "mongoDBMajorVersion": major,
        "mongoDBVersion": mine.mongo_db_version,
        "name": mine.name,
        "paused": mine.paused,
        "pitEnabled": False,
        "rootCertType": "ISRGROOTX1",
        "stateName": mine.state_name,
        "tags": [],
        "terminationProtectionEnabled": False,
        "versionReleaseSystem": "LTS",
    }
    if mine.sharded:
        view["configServerManagementMode"] = "ATLAS_MANAGED"
        view["configServerType"] = mine.config_server_type
    if version == "2023-01-01":
        return {**view, **_legacy(state, host)}
    shards = mine.num_shards if mine.sharded else 1
    specs = {
        "id": state.id[:-1] + "0",
        "regionConfigs": [_region(state, with_disk=version == "2024-08-05")],
        "zoneId": state.id[:-1] + "1",
        "zoneName": "Zone 1",
    }
    if version == "2023-02-01":
        return {**view, "diskSizeGB": 40.0, "replicationSpecs": [{**specs, "numShards": shards}]}
    view["replicationSpecs"] = [{**specs, "id": f"{state.id[:-2]}{n:02x}"} for n in range(shards)]
    return {
        **view,
        "effectiveReplicationSpecs": view["replicationSpecs"],
        "internalClusterRole": "NONE",
        "redactClientLogData": False,
        "replicaSetScalingStrategy": "WORKLOAD_TYPE",
        "retainBackups": False,
        "useAwsTimeBasedSnapshotCopyForFastInitialSync": False,
    }


def _region(state: ClusterState, *, with_disk: bool) -> dict[str, Any]:
    mine = state.cluster
    hardware: dict[str, Any] = {"instanceSize": "M0" if mine.tenant else "M30", "nodeCount": 3}
    if with_disk and not mine.tenant:
        hardware["diskSizeGB"] = 40.0
    if not mine.tenant and mine.provider == "AWS":
        hardware |= {"diskIOPS": 3000, "ebsVolumeType": "STANDARD"}
    region: dict[str, Any] = {
        "electableSpecs": hardware,
        "priority": 7,
        "providerName": "TENANT" if mine.tenant else mine.provider,
        "regionName": mine.region,
    }
    if mine.tenant:
        return {**region, "backingProviderName": mine.provider}
    none = {**hardware, "nodeCount": 0}
    scaling = {
        "compute": {"enabled": False, "scaleDownEnabled": False},
        "diskGB": {"enabled": False},
    }
    return {**region, "analyticsSpecs": none, "autoScaling": scaling, "readOnlySpecs": none}


def _legacy(state: ClusterState, host: str) -> dict[str, Any]:
    mine = state.cluster
    nodes = {"analyticsNodes": 0, "electableNodes": 3, "priority": 7, "readOnlyNodes": 0}
    shards = mine.num_shards if mine.sharded else 1
    return {
        "autoScaling": {"compute": {"enabled": False}, "diskGBEnabled": True},
        "backupEnabled": False,
        "diskSizeGB": 40.0,
        "mongoURI": f"mongodb://{host}:27017",
        "mongoURIUpdated": iso(state.created_at),
        "mongoURIWithOptions": f"mongodb://{host}:27017/?ssl=true",
        "numShards": shards,
        "providerBackupEnabled": mine.backup_enabled,
        "providerSettings": {
            "instanceSizeName": "M0" if mine.tenant else "M30",
            "providerName": "TENANT" if mine.tenant else mine.provider,
            "regionName": mine.region,
        },
        "replicationFactor": 3,
        "replicationSpec": {mine.region: nodes},
        "replicationSpecs": [
            {
                "id": state.id[:-1] + "0",
                "numShards": shards,
                "regionsConfig": {mine.region: nodes},
                "zoneName": "Zone 1",
            }
        ],
        "srvAddress": f"mongodb+srv://{host}",
    }


def flex_snapshot(snapshot: StoredSnapshot, now: float) -> dict[str, Any]:
    """Return a flex cluster's snapshot as of `now`."""
    status = snapshot.status(now)
    view: dict[str, Any] = {
        "expiration": iso(snapshot.expiry(now)),
        "id": snapshot.id,
        "mongoDBVersion": snapshot.cluster.mongo_db_version,
        "scheduledTime": iso(snapshot.requested_at),
        "status": _FLEX_STATUS[status],
    }
    if status != "queued":
        view["startTime"] = iso(snapshot.started_at)
    if snapshot.finished(now):
        view["finishTime"] = iso(snapshot.ended_at)
    return view


def flex_cluster(state: ClusterState) -> dict[str, Any]:
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


def schedule(state: ClusterState, address: str, base_url: str) -> dict[str, Any]:
    """Return the backup schedule of a cluster."""
    group = f"{base_url}/api/atlas/v2/groups/{state.group_id}"
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


def container(state: ClusterState) -> dict[str, Any]:
    """Return the network container of a cluster."""
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


def page(items: Sequence[Item], call: Call, view: Callable[[Item], dict[str, Any]]) -> Outcome:
    """Return one page of a list.

    Args:
        items: All items, in order.
        call: The request, whose query chooses the page.
        view: Returns an item in Atlas's format.
    """
    number = call.query.positive("pageNum", default=1, maximum=2**31 - 1)
    size = call.query.positive("itemsPerPage", default=DEFAULT_ITEMS, maximum=MAX_ITEMS)
    with_count = call.query.flag("includeCount", default=True)
    count = "true" if with_count else "false"

    def page_link(page_number: int, rel: str) -> dict[str, Any]:
        query = f"includeCount={count}&pageNum={page_number}&itemsPerPage={size}"
        return link(f"{call.address}?{query}", rel)

    links = [page_link(number, "self")]
    if number > 1:
        links.append(page_link(number - 1, "previous"))
    if number * size < len(items):
        links.append(page_link(number + 1, "next"))
    body: dict[str, Any] = {"links": links}
    if with_count:
        body["totalCount"] = len(items)
    body["results"] = [view(item) for item in items[(number - 1) * size : number * size]]
    return Outcome(body, is_list=True)


def empty_page(call: Call) -> Outcome:
    """Return a page of a list that is always empty."""
    nothing: list[dict[str, Any]] = []
    return page(nothing, call, lambda item: item)
