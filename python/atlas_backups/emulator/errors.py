"""Atlas's error responses: status, code, detail and parameters of each."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Scalar = str | int | float | bool | None

# The braces in a detail are the response's `parameters`, in order.
_ERRORS: dict[str, tuple[int, str]] = {
    "ACCESS_FORBIDDEN": (403, "The caller lacks the role for this action."),
    "BACKUP_CONFIG_NOT_FOUND": (404, "No backup configuration exists for cluster {} in group {}."),
    "BACKUP_JOB_NOT_FOUND": (400, "No backup job exists for cluster {} in group {}."),
    "BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID": (400, "The retention value {} is invalid."),
    "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT": (
        403,
        "Snapshot {} belongs to the snapshot of a sharded cluster.",
    ),
    "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT": (
        400,
        "Cannot delete snapshot {} while it is queued or in progress.",
    ),
    "CANNOT_MODIFY_CLUSTER_SNAPSHOT": (
        403,
        "Snapshot {} belongs to the snapshot of a sharded cluster.",
    ),
    "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION": (
        400,
        "Cannot modify the retention of snapshot {} while it is in progress.",
    ),
    "CANNOT_UPDATE_PAUSED_CLUSTER": (
        409,
        "Cannot update cluster {} while it is paused or being paused.",
    ),
    "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API": (
        400,
        "Flex cluster {} cannot be used in the Cluster API.",
    ),
    "CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API": (
        400,
        "Cannot use non-flex cluster {} in the flex API.",
    ),
    "CLUSTER_NOT_FOUND": (404, "No cluster named {} exists in group {}."),
    "GROUP_NAME_NOT_FOUND": (404, "No group with name {} exists."),
    "GROUP_NOT_FOUND": (404, "No group with ID {} exists."),
    "INVALID_ACCEPT_HEADER": (
        406,
        "The Accept header must name a type such as application/vnd.atlas.2025-03-12+json.",
    ),
    "INVALID_ATTRIBUTE": (400, "Invalid attribute {} specified."),
    "INVALID_ENUM_VALUE": (400, "An invalid enumeration value {} was specified."),
    "INVALID_PATH_PARAMETER": (400, "Invalid path parameter {} specified: {}."),
    "INVALID_QUERY_PARAMETER": (400, "Invalid query parameter {} specified."),
    "INVALID_SNAPSHOT_ID": (404, "An invalid snapshot ID {} was specified."),
    "INVALID_VERSION_DATE": (406, "Invalid version date {} specified."),
    "MALFORMED_JSON": (400, "Received JSON is malformed."),
    "METHOD_NOT_ALLOWED": (405, "Method {} is not allowed for resource {}."),
    "MISSING_ATTRIBUTE": (400, "The required attribute {} was not specified."),
    "RESOURCE_NOT_FOUND": (404, "Cannot find resource {}."),
    "RESTORE_JOB_NOT_FOUND": (404, "No restore job with ID {} exists for cluster {}."),
    "SNAPSHOT_NOT_FOUND": (404, "No snapshot with ID {} exists for cluster {}."),
    "TENANT_CLUSTER_UPDATE_UNSUPPORTED": (
        400,
        "Cluster {} is a tenant cluster, which does not support this operation.",
    ),
    "UNFINISHED_ON_DEMAND_SNAPSHOT": (
        400,
        "Cluster {} already has an on-demand snapshot queued or in progress.",
    ),
    "USER_CANNOT_ACCESS_GROUP": (401, "The current user cannot access group {}."),
    "USER_UNAUTHORIZED": (401, "Current user is not authorized to perform this action."),
    "VERSION_GONE": (410, "Version {} of {} is no longer available."),
}


class Rejection(Exception):  # noqa: N818 - a response of the service, not a failure of ours
    """An error response.

    Args:
        status: HTTP status.
        code: Atlas's `errorCode`.
        detail: The message.
        parameters: The values in the message.
        fields: Field names and what is wrong with each, for `badRequestDetail`.
        headers: Further headers of the response.
    """

    def __init__(  # noqa: PLR0913 - the parts of a response
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


def rejection(
    code: str, *parameters: Scalar, headers: Mapping[str, str] | None = None
) -> Rejection:
    """Return the error response with this code."""
    status, detail = _ERRORS[code]
    return Rejection(status, code, detail.format(*parameters), parameters, headers=headers)


def retention_violation(detail: str, violation: str) -> Rejection:
    """Return a validation error of `retentionInDays`."""
    name = "retentionInDays"
    return Rejection(400, "VALIDATION_ERROR", detail, [name], fields={name: violation})


def reason(status: int) -> str:
    """Return the standard phrase of a status, empty for an unknown one."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def error_body(
    status: int, code: str, detail: str, parameters: Sequence[Scalar] = ()
) -> dict[str, Any]:
    """Return Atlas's error object."""
    return {
        "detail": detail,
        "error": status,
        "errorCode": code,
        "parameters": list(parameters),
        "reason": reason(status),
    }
