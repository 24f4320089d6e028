"""Projects, clusters and pages of lists, as Atlas writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .query import MOST_ITEMS, Query
from .wire import iso, link

if TYPE_CHECKING:
    from .store import ClusterState, ProjectState

Item = TypeVar("Item")
DEFAULT_ITEMS = 100


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
    """Return one cluster in one of the three versions of that resource."""
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


def page(items: list[Item], query: Query, address: str) -> tuple[list[Item], dict[str, Any]]:
    """Return the items of the page asked for, and the list object with all but its results.

    Args:
        items: Everything there is, in order.
        query: The request's parameters.
        address: Where the list lives, without a query.
    """
    number = query.number("pageNum", default=1, most=2**31 - 1)
    size = query.number("itemsPerPage", default=DEFAULT_ITEMS, most=MOST_ITEMS)
    with_count = query.flag("includeCount", default=True)
    count = "true" if with_count else "false"

    def at(page_number: int, rel: str) -> dict[str, Any]:
        text = f"{address}?includeCount={count}&pageNum={page_number}&itemsPerPage={size}"
        return link(text, rel)

    links = [at(number, "self")]
    if number > 1:
        links.append(at(number - 1, "previous"))
    if number * size < len(items):
        links.append(at(number + 1, "next"))
    frame: dict[str, Any] = {"links": links}
    if with_count:
        frame["totalCount"] = len(items)
    return items[(number - 1) * size : number * size], frame
