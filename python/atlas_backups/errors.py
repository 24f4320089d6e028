"""What can go wrong, as one tree of exceptions under `AtlasError`.

Every message says what was tried and carries no secret. The exceptions pickle and copy with all
their attributes, so they may cross threads and processes. Of an answer of Atlas, the HTTP status
chooses the branch and the error code the leaf; an unknown code gives the branch.
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

    # Bound here, not inherited, so that the tree has no branch but Python's own exceptions.
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
    """Credentials, base URL or an option are missing or wrong: correct what the message names."""


class ClientClosedError(AtlasError):
    """The client was used after `close()` or `aclose()`: make a new one."""


class InvalidArgumentError(AtlasError, ValueError):
    """An argument was refused before anything was sent: correct it and call again."""


class TransportError(AtlasError, ConnectionError):
    """Atlas was not reached: DNS, connection refused or reset, TLS. Look at network and proxy.

    So it was where the system gave no thread or descriptor to do it with. From a take it means
    that no snapshot was asked for; calling again is safe.
    """


class RequestTimeoutError(AtlasError, TimeoutError):
    """Atlas did not answer in time: call again, or raise `timeout` or `total_timeout`.

    A take that may have reached Atlas raises `AmbiguousOutcomeError` instead.
    """


class InvalidResponseError(AtlasError):
    """The answer is not what Atlas sends: HTML, bad JSON, no id, too large. Suspect a proxy."""


class AmbiguousOutcomeError(AtlasError):
    """The snapshot may or may not have been taken, and the service could not be made to say.

    Look at the candidates before taking another. A call with an `idempotency_key` may simply be
    repeated with the same key: it finds the snapshot if there is one.

    Attributes:
        idempotency_tag: tag of the call's key, as in the description; `None` without a key.
        candidates: on-demand snapshots of that time, any of which may be this call's or
            somebody else's; `()` for none seen.
        cause: what happened to the request, also as `__cause__`; `None` if unknown.
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
        self._chain()  # a pickle of an exception leaves __cause__ behind

    def _chain(self) -> None:
        if self.cause is not None:  # even None would hide the exception that is being handled
            self.__cause__: BaseException | None = self.cause


class DuplicateSnapshotsError(AtlasError):
    """More than one snapshot carries the tag of one key: keep one, delete the others.

    Attributes:
        snapshots: those that carry it.
    """

    def __init__(self, message: str, *, snapshots: tuple[Snapshot, ...] = ()) -> None:
        super().__init__(message)
        self.snapshots = snapshots


class SnapshotFailedError(AtlasError):
    """Atlas gave up on the snapshot, its status is `"failed"`: there is no backup, take another.

    Attributes:
        snapshot: the failed one; `None` if unknown.
    """

    def __init__(self, message: str, *, snapshot: Snapshot | None = None) -> None:
        super().__init__(message)
        self.snapshot = snapshot


class WaitTimeoutError(AtlasError, TimeoutError):
    """The wait is over and the snapshot is not; it goes on in Atlas: wait again, take no other.

    Attributes:
        snapshot: as last seen; `None` if it was never seen.
    """

    def __init__(self, message: str, *, snapshot: Snapshot | None = None) -> None:
        super().__init__(message)
        self.snapshot = snapshot


class ApiError(AtlasError):
    """Atlas refused the request; of this very class are 4xx that have no class of their own.

    Attributes:
        status: HTTP status, or the one inside the envelope; `None` if there was none.
        error_code: Atlas' code, as `"CLUSTER_NOT_FOUND"`; `None` where the answer has none.
        detail: Atlas' sentence about this case; `None` where the answer has none.
        reason: name of the status, as `"Not Found"`; `None` where the answer has none.
        parameters: values that belong to the code, mostly strings; `()` for none.
        field_violations: what is wrong with which field; `()` for none.
        retry_after: seconds that Atlas asks to wait before the next try; `None` if it does not.
        method: HTTP method of the request, as `"POST"`; `None` if unknown.
        path: path of the request, without host and query; `None` if unknown.
        hint: what probably helps; `None` if nothing is known.
    """

    def __init__(  # noqa: PLR0913  # an answer of Atlas has as many
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
    """400: the request cannot be carried out as it stands; see `error_code` and `detail`."""


class ValidationError(BadRequestError):
    """400 `VALIDATION_ERROR`: a value is not allowed; correct what `field_violations` names."""


class SnapshotInProgressError(BadRequestError):
    """400 `UNFINISHED_ON_DEMAND_SNAPSHOT`: the cluster's last on-demand snapshot is unfinished.

    Wait for it, or call with `if_busy="wait"` or `if_busy="join"`.

    Attributes:
        snapshot: the running one; `None` if it was not found.
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
    """400: Cloud Backup is off for the cluster; turn it on in Atlas first."""


class ClusterNotSupportedError(BadRequestError):
    """400: this kind of cluster (flex, shared tenant) has no on-demand snapshots."""


class CompliancePolicyError(BadRequestError):
    """400: the project's Backup Compliance Policy forbids it: retention too short, or a delete."""


class SnapshotNotCompletedError(BadRequestError):
    """400: an unfinished snapshot can be neither deleted nor changed; wait for it first."""


class UnauthorizedError(ApiError):
    """401: Atlas does not accept the credentials; check them, and that they have not expired."""


class NotOrgGroupCreatorError(UnauthorizedError):
    """401 `NOT_ORG_GROUP_CREATOR`: the role does not allow it; ask an organization owner."""


class PaymentRequiredError(ApiError):
    """402: the account is suspended or has no means of payment; see the bill in Atlas."""


class ForbiddenError(ApiError):
    """403: the credentials are good but may not do this; check their roles in the project."""


class CannotChangeGroupNameError(ForbiddenError):
    """403 `CANNOT_CHANGE_GROUP_NAME`: the credentials may not change the project."""


class IpAccessListError(ForbiddenError):
    """403: this address is not on the API access list of the credentials; add it in Atlas."""


class NotFoundError(ApiError):
    """404: what was asked for does not exist, or the credentials may not see it."""


class ResourceNotFoundError(NotFoundError):
    """404 `RESOURCE_NOT_FOUND`: there is nothing at this path; check ids, names and base URL."""


class ProjectNotFoundError(NotFoundError):
    """404: no such project, or none that the credentials may see; check the `group_id`."""


class ClusterNotFoundError(NotFoundError):
    """404: the project has no cluster of that name; check the spelling and the project."""


class SnapshotNotFoundError(NotFoundError):
    """404: the cluster has no such snapshot; it may have expired or been deleted."""


class MethodNotAllowedError(ApiError):
    """405: Atlas takes no such request now, as during its own upgrades; try again later."""


class NotAcceptableError(ApiError):
    """406: Atlas does not know the version of its interface that was asked for; check it."""


class ConflictError(ApiError):
    """409: the cluster is busy with something else or paused; call again when it is not."""


class GoneError(ApiError):
    """410: Atlas has removed this version of its interface; upgrade `atlas-backups`."""


class RateLimitError(ApiError):
    """429: too many requests; wait `retry_after` seconds, or a minute, and call again."""


class ServerError(ApiError):
    """5xx: Atlas or something before it failed; call again later."""


class UnexpectedServerError(ServerError):
    """500 `UNEXPECTED_ERROR`: something failed inside Atlas; call again, then ask its support."""


class ServiceUnavailableError(ServerError):
    """503: Atlas is not available now; call again later."""
