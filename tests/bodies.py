"""Response bodies of Atlas, from its reference page and from the real service."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import Any

SNAPSHOT_ID = "6b1f0c3e2a88faeba59de4aa"


def queued(**changes: Any) -> dict[str, Any]:
    """Return what the service answers to a take: half of the fields are not there yet."""
    return {
        "copyRegions": [],
        "description": "nightly",
        "expiresAt": "2026-09-02T00:00:00Z",
        "frequencyType": "ondemand",
        "id": SNAPSHOT_ID,
        "links": [{"href": "https://cloud.mongodb.com/api/atlas/v2/x", "rel": "self"}],
        "policyItems": [],
        "replicaSetName": "Cluster0",
        "snapshotType": "onDemand",
        "status": "queued",
        "storageSizeBytes": 0,
        "type": "replicaSet",
        **changes,
    }


_PAGE_COMMON: dict[str, Any] = {
    "createdAt": "2025-05-04T09:42:00Z",
    "description": "string",
    "expiresAt": "2025-05-04T09:42:00Z",
    "frequencyType": "hourly",
    "id": "32b6e34b3d91647abb20e7b8",
    "links": [{"href": "https://cloud.mongodb.com/api/atlas", "rel": "self"}],
    "masterKeyUUID": "string",
    "mongodVersion": "string",
    "policyItems": ["32b6e34b3d91647abb20e7b8"],
    "snapshotType": "onDemand",
    "status": "queued",
    "storageSizeBytes": 42,
}
PAGE_REPLICA_SET: dict[str, Any] = {
    **_PAGE_COMMON,
    "type": "replicaSet",
    "cloudProvider": "AWS",
    "copyRegions": ["string"],
    "replicaSetName": "string",
}
PAGE_SHARDED: dict[str, Any] = {
    **_PAGE_COMMON,
    "type": "shardedCluster",
    "configServerType": "EMBEDDED",
    "members": [
        {"cloudProvider": "AWS", "id": "32b6e34b3d91647abb20e7b8", "replicaSetName": "string"}
    ],
    "snapshotIds": ["32b6e34b3d91647abb20e7b8"],
}


def error(status: int, code: str, detail: str = "Because.", **changes: Any) -> dict[str, Any]:
    """Return an error as the service sends it."""
    return {
        "detail": detail,
        "error": status,
        "errorCode": code,
        "parameters": [],
        "reason": "A Reason",
        **changes,
    }


_EXAMPLE = "(This is just an example, the exception may not be related to this endpoint)"


def _page_error(status: int, reason: str, code: str, more: str = "") -> dict[str, Any]:
    return {"error": status, "detail": _EXAMPLE + more, "reason": reason, "errorCode": code}


PAGE_ERRORS = (
    _page_error(400, "Bad Request", "VALIDATION_ERROR", " No provider AWS exists."),
    _page_error(401, "Unauthorized", "NOT_ORG_GROUP_CREATOR"),
    _page_error(403, "Forbidden", "CANNOT_CHANGE_GROUP_NAME"),
    _page_error(404, "Not Found", "RESOURCE_NOT_FOUND", " Cannot find resource AWS"),
    _page_error(500, "Internal Server Error", "UNEXPECTED_ERROR"),
)
