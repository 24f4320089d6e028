"""Refusals in the words of Atlas: status, code, detail and parameters of each."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Scalar = str | int | float | bool | None


class Refusal(Exception):  # noqa: N818 - it is an answer of the service, not a failure of ours
    """An answer that says no.

    Args:
        status: HTTP status.
        code: Atlas' `errorCode`.
        detail: The sentence for people.
        parameters: What the sentence was filled with.
        fields: Field names and what is wrong with each, for `badRequestDetail`.
        headers: Further headers of the answer.
    """

    def __init__(  # noqa: PLR0913 - the parts of an answer
        self,
        status: int,
        code: str,
        detail: str,
        parameters: Sequence[Scalar] = (),
        *,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.body: dict[str, Any] = error_body(status, code, detail, parameters)
        if fields:
            violations = [{"description": text, "field": name} for name, text in fields.items()]
            self.body["badRequestDetail"] = {"fields": violations}
        self.headers: dict[str, str] = dict(headers or {})


def reason(status: int) -> str:
    """Return the standard phrase of a status, empty for one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def error_body(
    status: int, code: str, detail: str, parameters: Sequence[Scalar] = ()
) -> dict[str, Any]:
    """Return Atlas' error object."""
    return {
        "detail": detail,
        "error": status,
        "errorCode": code,
        "parameters": list(parameters),
        "reason": reason(status),
    }


def resource_not_found(path: str) -> Refusal:
    """404: no such path."""
    return Refusal(404, "RESOURCE_NOT_FOUND", f"Cannot find resource {path}.", [path])


def method_not_allowed(method: str, path: str, allowed: Sequence[str]) -> Refusal:
    """405: the path exists, the method does not."""
    detail = f"Method {method} is not allowed for resource {path}."
    headers = {"Allow": ", ".join(allowed)}
    return Refusal(405, "METHOD_NOT_ALLOWED", detail, [method, path], headers=headers)


def invalid_path_parameter(name: str, value: str) -> Refusal:
    """400: a part of the path does not match its pattern."""
    detail = f"Invalid path parameter {name} specified: {value}."
    return Refusal(400, "INVALID_PATH_PARAMETER", detail, [name, value])


def invalid_query_parameter(name: str) -> Refusal:
    """400: a query parameter is unknown, repeated, or has a bad value."""
    detail = f"Invalid query parameter {name} specified."
    return Refusal(400, "INVALID_QUERY_PARAMETER", detail, [name])


def group_not_found(group_id: str) -> Refusal:
    """404: no project with this id."""
    detail = f"No group with ID {group_id} exists."
    return Refusal(404, "GROUP_NOT_FOUND", detail, [group_id])


def group_name_not_found(name: str) -> Refusal:
    """404: no project with this name."""
    detail = f"No group with name {name} exists."
    return Refusal(404, "GROUP_NAME_NOT_FOUND", detail, [name])


def cluster_not_found(name: str, group_id: str) -> Refusal:
    """404: no cluster with this name in the project."""
    detail = f"No cluster named {name} exists in group {group_id}."
    return Refusal(404, "CLUSTER_NOT_FOUND", detail, [name, group_id])


def snapshot_not_found(snapshot_id: str, cluster_name: str) -> Refusal:
    """404: no snapshot with this id."""
    detail = f"No snapshot with ID {snapshot_id} exists for cluster {cluster_name}."
    return Refusal(404, "SNAPSHOT_NOT_FOUND", detail, [snapshot_id, cluster_name])


def invalid_snapshot_id(snapshot_id: str) -> Refusal:
    """404: not an id at all."""
    detail = f"An invalid snapshot ID {snapshot_id} was specified."
    return Refusal(404, "INVALID_SNAPSHOT_ID", detail, [snapshot_id])


def unfinished_on_demand_snapshot(cluster_name: str) -> Refusal:
    """400: an on-demand snapshot of the cluster is queued or in progress."""
    detail = f"Cluster {cluster_name} already has an on-demand snapshot queued or in progress."
    return Refusal(400, "UNFINISHED_ON_DEMAND_SNAPSHOT", detail, [cluster_name])


def cannot_delete_unfinished(snapshot_id: str) -> Refusal:
    """400: there is no cancel."""
    detail = f"Cannot delete snapshot {snapshot_id} while it is queued or in progress."
    return Refusal(400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT", detail, [snapshot_id])


def cannot_modify_unfinished(snapshot_id: str) -> Refusal:
    """400: the retention of an unfinished snapshot cannot be changed."""
    detail = f"Cannot modify the retention of snapshot {snapshot_id} while it is in progress."
    code = "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION"
    return Refusal(400, code, detail, [snapshot_id])


def cannot_delete_part(snapshot_id: str) -> Refusal:
    """403: one shard's part of a sharded cluster's snapshot cannot be deleted alone."""
    detail = f"Snapshot {snapshot_id} belongs to the snapshot of a sharded cluster."
    return Refusal(403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", detail, [snapshot_id])


def cannot_modify_part(snapshot_id: str) -> Refusal:
    """403: nor can it be changed alone."""
    detail = f"Snapshot {snapshot_id} belongs to the snapshot of a sharded cluster."
    return Refusal(403, "CANNOT_MODIFY_CLUSTER_SNAPSHOT", detail, [snapshot_id])


def flex_cluster(name: str) -> Refusal:
    """400: flex clusters have an interface of their own."""
    detail = f"Flex cluster {name} cannot be used in the Cluster API."
    return Refusal(400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", detail, [name])


def non_flex_cluster(name: str) -> Refusal:
    """400: the interface of flex clusters serves no others."""
    detail = f"Cannot use non-flex cluster {name} in the flex API."
    return Refusal(400, "CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API", detail, [name])


def restore_job_not_found(job_id: str, cluster_name: str) -> Refusal:
    """404: no restore job with this id."""
    detail = f"No restore job with ID {job_id} exists for cluster {cluster_name}."
    return Refusal(404, "RESTORE_JOB_NOT_FOUND", detail, [job_id, cluster_name])


def missing_retention() -> Refusal:
    """400: `retentionInDays` is required here, and was not given."""
    return Refusal(
        400,
        "VALIDATION_ERROR",
        "The retention of an on-demand snapshot must be specified.",
        ["retentionInDays"],
        fields={"retentionInDays": "must not be null"},
    )


def tenant_cluster(name: str) -> Refusal:
    """400: shared clusters take no snapshots on demand."""
    detail = f"Cluster {name} is a tenant cluster, which does not support this operation."
    return Refusal(400, "TENANT_CLUSTER_UPDATE_UNSUPPORTED", detail, [name])


def backup_off(name: str, group_id: str) -> Refusal:
    """400: the cluster has no backup."""
    detail = f"No backup job exists for cluster {name} in group {group_id}."
    return Refusal(400, "BACKUP_JOB_NOT_FOUND", detail, [name, group_id])


def backup_config_not_found(name: str, group_id: str) -> Refusal:
    """404: the cluster has no backup, and so no schedule."""
    detail = f"No backup configuration exists for cluster {name} in group {group_id}."
    return Refusal(404, "BACKUP_CONFIG_NOT_FOUND", detail, [name, group_id])


def paused_cluster(name: str) -> Refusal:
    """409: the cluster is paused."""
    detail = f"Cannot update cluster {name} while it is paused or being paused."
    return Refusal(409, "CANNOT_UPDATE_PAUSED_CLUSTER", detail, [name])
