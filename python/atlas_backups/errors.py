"""The exceptions: one tree under `AtlasError`.

Messages contain no secret. The exceptions pickle and copy with all their attributes. For a
response of Atlas, the HTTP status selects the branch and the error code the leaf; an unknown code
gives the class of the branch.
See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atlas_backups._optional import CoreSchema, GetCoreSchemaHandler
from atlas_backups._repr import repr_html, repr_mimebundle
from atlas_backups.models import FieldViolation, Snapshot


class AtlasError(Exception):
    """Base class of the exceptions of this package.

    Attributes:
        hint: what probably helps; `None` if nothing is known.
        attempts: how often the request was sent; `None` if the error is not about a request.
        elapsed: seconds from the call to the error, pauses included; `None` likewise.
        method: HTTP method of the request, as `"POST"`; `None` likewise.
        path: path of the request, without host and query; `None` likewise.
    """

    # Not a mixin: the bases of the tree are exceptions only.
    _repr_html_ = repr_html
    _repr_mimebundle_ = repr_mimebundle

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.hint: str | None = None
        self.attempts: int | None = None
        self.elapsed: float | None = None
        self.method: str | None = None
        self.path: str | None = None

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from atlas_backups._plain import plain  # noqa: PLC0415  # only pydantic asks
        from atlas_backups._pydantic import instance_schema  # noqa: PLC0415  # the same

        return instance_schema(cls, plain)

    def __dir__(self) -> list[str]:
        # As `cgitb` expects: outside of a notebook `_render_traceback_` raises.
        return [name for name in super().__dir__() if hasattr(self, name)]

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        from atlas_backups._ipython import traceback_renderer  # noqa: PLC0415  # only IPython asks

        return traceback_renderer(self)


class ConfigurationError(AtlasError, ValueError):
    """Credentials, base URL or an option are missing or invalid; the message names them."""


class ClientClosedError(AtlasError):
    """The client was used after `close()` or `aclose()`; construct a new one."""


class InvalidArgumentError(AtlasError, ValueError):
    """An argument is invalid; nothing was sent."""


class TransportError(AtlasError, ConnectionError):
    """Atlas was not reached: DNS, connection refused or reset, TLS. Check network and proxy.

    Also raised when the system has no threads or file descriptors left. When a take raises it, no
    snapshot was requested; calling again is safe.
    """


class RequestTimeoutError(AtlasError, TimeoutError):
    """Atlas did not respond in time: call again, or increase `timeout` or `total_timeout`.

    A take that may have reached Atlas raises `AmbiguousOutcomeError` instead.
    """


class InvalidResponseError(AtlasError):
    """The response is not one of Atlas: HTML, bad JSON, no id, too large. Check for a proxy."""


class AmbiguousOutcomeError(AtlasError):
    """The snapshot may or may not have been taken.

    Check the candidates before taking another. A call with an `idempotency_key` can be repeated
    with the same key: it finds the snapshot if there is one.

    Attributes:
        idempotency_tag: tag of the call's key, as in the description; `None` without a key.
        candidates: on-demand snapshots of that time, each from this call or from another one;
            `()` for none seen.
        cause: why the request failed, also as `__cause__`; `None` if unknown.
    """

    def __init__(
        self,
        message: str,
        *,
        idempotency_tag: str | None = None,
        candidates: tuple[Snapshot, ...] = (),
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message)
        self.idempotency_tag = idempotency_tag
        self.candidates = candidates
        self.cause = cause
        self._chain()

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        super().__setstate__(state)
        self._chain()  # pickling an exception drops __cause__

    def _chain(self) -> None:
        if self.cause is not None:  # assigning None would hide the exception being handled
            self.__cause__: BaseException | None = self.cause


class DuplicateSnapshotsError(AtlasError):
    """More than one snapshot has the tag of one key: keep one, delete the others.

    Attributes:
        snapshots: all with the tag.
    """

    def __init__(self, message: str, *, snapshots: tuple[Snapshot, ...] = ()) -> None:
        super().__init__(message)
        self.snapshots = snapshots


class SnapshotFailedError(AtlasError):
    """The status of the snapshot is `"failed"`: there is no backup, take another.

    Attributes:
        snapshot: the failed one; `None` if unknown.
    """

    def __init__(self, message: str, *, snapshot: Snapshot | None = None) -> None:
        super().__init__(message)
        self.snapshot = snapshot


class WaitTimeoutError(AtlasError, TimeoutError):
    """The wait timed out and the snapshot is still in progress: wait again, take no other.

    Attributes:
        snapshot: as last seen; `None` if it was never seen.
    """

    def __init__(self, message: str, *, snapshot: Snapshot | None = None) -> None:
        super().__init__(message)
        self.snapshot = snapshot


class ApiError(AtlasError):
    """Atlas rejected the request. A 4xx without a class of its own raises this class.

    Attributes:
        status: HTTP status, or the one inside the envelope; `None` if there was none.
        error_code: error code of Atlas, as `"CLUSTER_NOT_FOUND"`; `None` if there was none.
        detail: explanation by Atlas; `None` if there was none.
        reason: name of the status, as `"Not Found"`; `None` if there was none.
        parameters: parameters of the error code, mostly strings; `()` for none.
        field_violations: the invalid fields; `()` for none.
        retry_after: seconds to wait before the next attempt; `None` if Atlas gave none.
        method: HTTP method of the request, as `"POST"`; `None` if unknown.
        path: path of the request, without host and query; `None` if unknown.
        hint: what probably helps; `None` if nothing is known.
    """

    def __init__(  # noqa: PLR0913  # a response of Atlas has as many
        self,
        message: str,
        *,
        status: int | None = None,
        error_code: str | None = None,
        detail: str | None = None,
        reason: str | None = None,
        parameters: tuple[Any, ...] = (),
        field_violations: tuple[FieldViolation, ...] = (),
        retry_after: float | None = None,
        method: str | None = None,
        path: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.detail = detail
        self.reason = reason
        self.parameters = parameters
        self.field_violations = field_violations
        self.retry_after = retry_after
        self.method = method
        self.path = path
        self.hint = hint


class BadRequestError(ApiError):
    """400: Atlas cannot process the request; see `error_code` and `detail`."""


class ValidationError(BadRequestError):
    """400 `VALIDATION_ERROR`: a value is invalid; see `field_violations`."""


class SnapshotInProgressError(BadRequestError):
    """400 `UNFINISHED_ON_DEMAND_SNAPSHOT`: another on-demand snapshot is in progress.

    Wait for it, or call with `if_busy="wait"` or `if_busy="join"`.

    Attributes:
        snapshot: the one in progress; `None` if it was not found.
    """

    def __init__(  # noqa: PLR0913  # those of ApiError, spelled out for help() and type checkers
        self,
        message: str,
        *,
        snapshot: Snapshot | None = None,
        status: int | None = None,
        error_code: str | None = None,
        detail: str | None = None,
        reason: str | None = None,
        parameters: tuple[Any, ...] = (),
        field_violations: tuple[FieldViolation, ...] = (),
        retry_after: float | None = None,
        method: str | None = None,
        path: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            error_code=error_code,
            detail=detail,
            reason=reason,
            parameters=parameters,
            field_violations=field_violations,
            retry_after=retry_after,
            method=method,
            path=path,
            hint=hint,
        )
        self.snapshot = snapshot


class BackupNotEnabledError(BadRequestError):
    """400: Cloud Backup is off for the cluster; enable it in Atlas."""


class ClusterNotSupportedError(BadRequestError):
    """400: this kind of cluster (flex, shared tenant) has no on-demand snapshots."""


class CompliancePolicyError(BadRequestError):
    """400: the Backup Compliance Policy forbids it: the retention is too short, or a delete."""


class SnapshotNotCompletedError(BadRequestError):
    """400: an unfinished snapshot cannot be deleted or changed; wait for it first."""


class UnauthorizedError(ApiError):
    """401: Atlas rejected the credentials; check them, and that they have not expired."""


class NotOrgGroupCreatorError(UnauthorizedError):
    """401 `NOT_ORG_GROUP_CREATOR`: the role does not allow it; ask an organization owner."""


class PaymentRequiredError(ApiError):
    """402: the account is suspended or has no payment method; see billing in Atlas."""


class ForbiddenError(ApiError):
    """403: the credentials lack a role; check their roles in the project."""


class CannotChangeGroupNameError(ForbiddenError):
    """403 `CANNOT_CHANGE_GROUP_NAME`: the credentials may not change the project."""


class IpAccessListError(ForbiddenError):
    """403: this address is not on the API access list of the credentials; add it in Atlas."""


class NotFoundError(ApiError):
    """404: the resource does not exist, or the credentials may not see it."""


class ResourceNotFoundError(NotFoundError):
    """404 `RESOURCE_NOT_FOUND`: nothing exists at this path; check ids, names and base URL."""


class ProjectNotFoundError(NotFoundError):
    """404: no such project, or the credentials may not see it; check the `group_id`."""


class ClusterNotFoundError(NotFoundError):
    """404: the project has no cluster of that name; check the spelling and the project."""


class SnapshotNotFoundError(NotFoundError):
    """404: the cluster has no such snapshot; it may have expired or been deleted."""


class MethodNotAllowedError(ApiError):
    """405: Atlas rejects such requests now, as during its own upgrades; try again later."""


class NotAcceptableError(ApiError):
    """406: Atlas does not know the requested API version."""


class ConflictError(ApiError):
    """409: the cluster is busy or paused; call again when it is not."""


class GoneError(ApiError):
    """410: Atlas has removed this API version; upgrade `atlas-backups`."""


class RateLimitError(ApiError):
    """429: too many requests; wait `retry_after` seconds, or a minute, and call again."""


class ServerError(ApiError):
    """5xx: Atlas or a gateway failed; call again later."""


class UnexpectedServerError(ServerError):
    """500 `UNEXPECTED_ERROR`: an internal error of Atlas; call again, then contact its support."""


class ServiceUnavailableError(ServerError):
    """503: Atlas is unavailable; call again later."""
