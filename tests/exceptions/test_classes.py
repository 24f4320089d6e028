"""Each documented error code raises its class, with all attributes."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import pickle
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import atlas_backups as ab
from atlas_backups.emulator import Fault
from tests.bodies import PAGE_ERRORS, error
from tests.flavor import BRIEF, PATH
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor

CASES: list[tuple[int, str | None, type[ab.ApiError]]] = [
    (400, "VALIDATION_ERROR", ab.ValidationError),
    (400, "UNFINISHED_ON_DEMAND_SNAPSHOT", ab.SnapshotInProgressError),
    (400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT", ab.SnapshotNotCompletedError),
    (400, "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION", ab.SnapshotNotCompletedError),
    (400, "SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY", ab.CompliancePolicyError),
    (
        400,
        "CANNOT_DECREASE_SNAPSHOT_RETENTION_WITH_BACKUP_COMPLIANCE_POLICY",
        ab.CompliancePolicyError,
    ),
    (400, "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY", ab.CompliancePolicyError),
    (400, "BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID", ab.BadRequestError),
    (400, "BACKUP_JOB_NOT_FOUND", ab.BackupNotEnabledError),
    (400, "PROVIDER_BACKUP_NOT_SUPPORTED", ab.ClusterNotSupportedError),
    (400, "TENANT_CLUSTER_UPDATE_UNSUPPORTED", ab.ClusterNotSupportedError),
    (400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", ab.ClusterNotSupportedError),
    (400, "INVALID_ATTRIBUTE", ab.BadRequestError),
    (400, "MISSING_ATTRIBUTE", ab.BadRequestError),
    (400, "INVALID_PATH_PARAMETER", ab.BadRequestError),
    (401, "NOT_ORG_GROUP_CREATOR", ab.NotOrgGroupCreatorError),
    (401, "USER_UNAUTHORIZED", ab.UnauthorizedError),
    (401, "NOT_IN_GROUP", ab.UnauthorizedError),
    (401, "USER_CANNOT_ACCESS_GROUP", ab.UnauthorizedError),
    (401, "UNEXPECTED_ERROR", ab.UnauthorizedError),
    (402, "ACCOUNT_SUSPENDED", ab.PaymentRequiredError),
    (402, "NO_PAYMENT_INFORMATION_FOUND", ab.PaymentRequiredError),
    (403, "CANNOT_CHANGE_GROUP_NAME", ab.CannotChangeGroupNameError),
    (403, "ORG_REQUIRES_WHITELIST", ab.IpAccessListError),
    (403, "ORG_REQUIRES_ACCESS_LIST", ab.IpAccessListError),
    (403, "IP_ADDRESS_NOT_ON_WHITELIST", ab.IpAccessListError),
    (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", ab.IpAccessListError),
    (403, "FEATURE_UNSUPPORTED", ab.ForbiddenError),
    (403, "ACCESS_FORBIDDEN", ab.ForbiddenError),
    (403, "CANNOT_MODIFY_CLUSTER_SNAPSHOT", ab.ForbiddenError),
    (403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", ab.ForbiddenError),
    (404, "RESOURCE_NOT_FOUND", ab.ResourceNotFoundError),
    (404, "GROUP_NOT_FOUND", ab.ProjectNotFoundError),
    (404, "GROUP_NAME_NOT_FOUND", ab.ProjectNotFoundError),
    (404, "CLUSTER_NOT_FOUND", ab.ClusterNotFoundError),
    (404, "SNAPSHOT_NOT_FOUND", ab.SnapshotNotFoundError),
    (404, "INVALID_SNAPSHOT_ID", ab.SnapshotNotFoundError),
    (404, "BACKUP_CONFIG_NOT_FOUND", ab.NotFoundError),
    (404, "UNEXPECTED_ERROR", ab.NotFoundError),
    (405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES", ab.MethodNotAllowedError),
    (406, "INVALID_VERSION_DATE", ab.NotAcceptableError),
    (409, "ATLAS_CLUSTER_RESTORE_IN_PROGRESS", ab.ConflictError),
    (409, "CANNOT_UPDATE_PAUSED_CLUSTER", ab.ConflictError),
    (410, "VERSION_GONE", ab.GoneError),
    (429, "RATE_LIMITED", ab.RateLimitError),
    (429, "RATE_LIMITED_TOKEN_BUCKET", ab.RateLimitError),
    (500, "UNEXPECTED_ERROR", ab.UnexpectedServerError),
    (503, "SERVICE_UNAVAILABLE", ab.ServiceUnavailableError),
    # The status chooses the branch; what is unknown stays at it.
    (400, "A_NEW_CODE", ab.BadRequestError),
    (400, "CLUSTER_NOT_FOUND", ab.BadRequestError),
    (401, "A_NEW_CODE", ab.UnauthorizedError),
    (403, "A_NEW_CODE", ab.ForbiddenError),
    (403, "VALIDATION_ERROR", ab.ForbiddenError),
    (404, "A_NEW_CODE", ab.NotFoundError),
    (404, "VALIDATION_ERROR", ab.NotFoundError),
    (418, "A_NEW_CODE", ab.ApiError),
    (422, "VALIDATION_ERROR", ab.ApiError),
    (500, "A_NEW_CODE", ab.ServerError),
    (502, "UNEXPECTED_ERROR", ab.ServerError),
    (504, "A_NEW_CODE", ab.ServerError),
]


def raised(
    flavor: ClientFlavor, serve: Serve, status: int, body: dict[str, Any], **headers: str
) -> Any:
    """Return the error that a take ends with; of an ambiguous one, its cause."""
    sent = answer(status, body, headers)
    _, client = serve(always(sent), max_retries=0, total_timeout=BRIEF)
    with pytest.raises(ab.AtlasError) as caught:
        flavor.take(client)
    if isinstance(caught.value, ab.AmbiguousOutcomeError):
        assert status >= 500
        return caught.value.cause
    return caught.value


@pytest.mark.parametrize(("status", "code", "expected"), CASES)
def test_status_and_code_select_the_class(
    flavor: ClientFlavor, serve: Serve, status: int, code: str, expected: type[ab.ApiError]
) -> None:
    body = error(status, code, "A sentence about it.", parameters=["x", "y", 1, None, True])

    caught = raised(flavor, serve, status, body)

    assert type(caught) is expected
    assert (caught.status, caught.error_code, caught.reason) == (status, code, "A Reason")
    assert caught.detail == "A sentence about it."
    assert caught.parameters == ("x", "y", 1, None, True)
    assert (caught.method, caught.path) == ("POST", PATH)
    assert (caught.field_violations, caught.retry_after) == ((), None)
    assert type(pickle.loads(pickle.dumps(caught))) is expected  # our own pickle  # noqa: S301  # our own pickle


@pytest.mark.parametrize(("status", "code", "expected"), CASES)
def test_message_names_request_status_code_and_detail(
    flavor: ClientFlavor, serve: Serve, status: int, code: str, expected: type[ab.ApiError]
) -> None:
    caught = raised(flavor, serve, status, error(status, code, "A sentence about it."))

    hint = re.escape(f". Hint: {caught.hint}" if caught.hint else "")
    request = re.escape(f" [POST {PATH}: {status} A Reason, {code}]")
    assert isinstance(caught, expected)
    assert re.fullmatch(
        rf"A sentence about it\. \(1 attempt, \d+\.\d\d s\){hint}{request}", str(caught)
    )


def test_conflict_of_a_paused_cluster_hints_at_resuming_it(
    flavor: ClientFlavor, serve: Serve
) -> None:
    body = error(409, "CANNOT_UPDATE_PAUSED_CLUSTER", "Cannot update cluster Cluster0.")

    caught = raised(flavor, serve, 409, body)

    assert "resume the cluster" in (caught.hint or "")


def test_other_conflict_has_no_hint_of_a_paused_cluster(flavor: ClientFlavor, serve: Serve) -> None:
    caught = raised(flavor, serve, 409, error(409, "ATLAS_CLUSTER_RESTORE_IN_PROGRESS", "Busy."))

    assert caught.hint is None


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("USER_UNAUTHORIZED", "no role for this"),
        ("NOT_ORG_GROUP_CREATOR", "no role for this"),
        ("NOT_IN_GROUP", "no member of this project"),
        ("USER_CANNOT_ACCESS_GROUP", "no member of this project"),
    ],
)
@pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])
def test_missing_role_is_no_credentials_error(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    code: str,
    missing: str,
    kind: str,
) -> None:
    client = make_client(getattr(emulator, kind), base_url=emulator.base_url)
    flavor.take(client)
    emulator.fault(replace(Fault.error(401, code), path="/backup/"))

    with pytest.raises(ab.UnauthorizedError) as caught:
        flavor.take(client)

    hint = caught.value.hint or ""
    assert "the credentials are good" in hint
    assert missing in hint


PAGE_CLASSES = (
    ab.ValidationError,
    ab.NotOrgGroupCreatorError,
    ab.CannotChangeGroupNameError,
    ab.ResourceNotFoundError,
    ab.UnexpectedServerError,
)


@pytest.mark.parametrize(("body", "expected"), [*zip(PAGE_ERRORS, PAGE_CLASSES, strict=True)])
def test_errors_of_the_reference_page_raise_their_class(
    flavor: ClientFlavor, serve: Serve, body: dict[str, Any], expected: type[ab.ApiError]
) -> None:
    caught = raised(flavor, serve, body["error"], body)

    assert type(caught) is expected
    assert (caught.detail, caught.reason) == (body["detail"], body["reason"])
    assert caught.parameters == ()


def test_every_class_is_covered_by_a_test_over_http() -> None:
    """The other classes: each by a test of the file named beside it."""
    elsewhere = {
        ab.ConfigurationError,  # arguments/test_options.py
        ab.ClientClosedError,  # auth/test_token.py
        ab.InvalidArgumentError,  # arguments/test_arguments.py
        ab.TransportError,  # take/test_retry.py
        ab.RequestTimeoutError,  # take/test_retry.py
        ab.InvalidResponseError,  # auth/test_token_errors.py
        ab.AmbiguousOutcomeError,  # take/test_ambiguous.py
        ab.DuplicateSnapshotsError,  # keys/test_duplicates.py
        ab.SnapshotFailedError,  # operations/test_wait.py
        ab.WaitTimeoutError,  # operations/test_wait.py
        ab.AtlasError,  # the root is never raised itself
    }
    public = {getattr(ab, name) for name in ab.__all__}
    tree = {it for it in public if isinstance(it, type) and issubclass(it, ab.AtlasError)}

    assert tree - elsewhere == {expected for _, _, expected in CASES}
