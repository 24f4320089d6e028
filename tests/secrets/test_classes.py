"""Exceptions of every class contain no secret that a server echoes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import atlas_backups
from atlas_backups import AtlasError, ServiceAccount
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import CLOSE, NEVER, READ, RESET, answer
from tests.secrets.canaries import (
    CANARY,
    ECHO,
    GRANTED,
    TOKEN,
    assert_clean,
    assert_clean_error,
    locals_shown_of,
)
from tests.tags import tag_of

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Script, Step

PLACE = (GROUP_ID, CLUSTER_NAME)
EMPTY = answer(200, {"results": [], "totalCount": 0})
KEY = {"idempotency_key": "a key"}


@dataclass(frozen=True)
class Way:
    """How to come to an exception: what the API answers one after another, and what is called."""

    answers: tuple[Step, ...] = ()
    method: str = "take_snapshot"
    arguments: tuple[str, ...] = PLACE
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    is_closed: bool = False


def rejected(status: int, code: str) -> Way:
    body = error(
        status,
        code,
        ECHO,
        reason=ECHO,
        parameters=[ECHO, {ECHO: ECHO}],
        badRequestDetail={"fields": [{"field": ECHO, "description": ECHO}]},
    )
    return Way((answer(status, body, {"X-Echo": ECHO, "Retry-After": "60"}),) * 4)


def wait(status: str) -> Way:
    body = answer(200, queued(status=status))
    options = {"timeout": 0.3, "poll_interval": 0.1}
    return Way((body,) * 9, "wait_for_snapshot", (*PLACE, SNAPSHOT_ID), options)


WAYS = {
    "AmbiguousOutcomeError": Way((RESET,)),
    "ApiError": rejected(418, ECHO),
    "BackupNotEnabledError": rejected(400, "BACKUP_JOB_NOT_FOUND"),
    "BadRequestError": rejected(400, ECHO),
    "CannotChangeGroupNameError": rejected(403, "CANNOT_CHANGE_GROUP_NAME"),
    "ClientClosedError": Way(is_closed=True),
    "ClusterNotFoundError": rejected(404, "CLUSTER_NOT_FOUND"),
    "ClusterNotSupportedError": rejected(400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"),
    "CompliancePolicyError": rejected(400, "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY"),
    "ConflictError": rejected(409, ECHO),
    "ForbiddenError": rejected(403, ECHO),
    "GoneError": rejected(410, ECHO),
    "InvalidArgumentError": Way(arguments=(GROUP_ID, "no/name")),
    "InvalidResponseError": Way((answer(200, ECHO),), "list_snapshots"),
    "IpAccessListError": rejected(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST"),
    "MethodNotAllowedError": rejected(405, ECHO),
    "NotAcceptableError": rejected(406, ECHO),
    "NotFoundError": rejected(404, ECHO),
    "NotOrgGroupCreatorError": rejected(401, "NOT_ORG_GROUP_CREATOR"),
    "PaymentRequiredError": rejected(402, ECHO),
    "ProjectNotFoundError": rejected(404, "GROUP_NOT_FOUND"),
    "RateLimitError": rejected(429, ECHO),
    "RequestTimeoutError": Way((NEVER,), "list_snapshots"),
    "ResourceNotFoundError": rejected(404, "RESOURCE_NOT_FOUND"),
    "ServerError": Way(rejected(502, ECHO).answers, "list_snapshots"),
    "ServiceUnavailableError": Way(rejected(503, ECHO).answers, "list_snapshots"),
    "SnapshotFailedError": wait("failed"),
    "SnapshotInProgressError": rejected(400, "UNFINISHED_ON_DEMAND_SNAPSHOT"),
    "SnapshotNotCompletedError": rejected(400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT"),
    "SnapshotNotFoundError": rejected(404, "SNAPSHOT_NOT_FOUND"),
    "TransportError": Way((CLOSE,), "list_snapshots"),
    "UnauthorizedError": rejected(401, "USER_UNAUTHORIZED"),
    "UnexpectedServerError": Way(rejected(500, "UNEXPECTED_ERROR").answers, "list_snapshots"),
    "ValidationError": rejected(400, "VALIDATION_ERROR"),
    "WaitTimeoutError": wait("queued"),
}
# Raised by constructors, or only after a key was used: each has a test of its own.
SEPARATE = {"AtlasError", "ConfigurationError", "DuplicateSnapshotsError"}


@pytest.mark.parametrize("name", WAYS)
def test_exceptions_contain_no_secret(flavor: ClientFlavor, serve: Serve, name: str) -> None:
    way = WAYS[name]
    steps: list[Step] = [step for answered in way.answers for step in (READ, answered)]
    options = {"max_retries": 0, "timeout": 1.0, "total_timeout": 1.9}
    credentials = ServiceAccount("mdb_sa_id_1", CANARY)
    _, client = serve([READ, GRANTED, *steps], steps, credentials=credentials, **options)
    if way.is_closed:
        client.close()

    with pytest.raises(AtlasError) as caught:
        flavor.call(client, way.method, *way.arguments, **way.options)

    assert type(caught.value).__name__ == name, repr(caught.value)
    assert_clean_error(caught.value)
    assert locals_shown_of(caught.value) or flavor.name == "async"


def test_every_class_is_covered() -> None:
    public = {name: getattr(atlas_backups, name) for name in atlas_backups.__all__}
    classes = {n for n, it in public.items() if inspect.isclass(it) and issubclass(it, AtlasError)}

    assert classes == set(WAYS) | SEPARATE


def test_duplicates_error_contains_no_secret(flavor: ClientFlavor, serve: Serve) -> None:
    ids = ("6b1f0c3e2a88faeba59de4a1", "6b1f0c3e2a88faeba59de4a2")
    tag = tag_of(KEY["idempotency_key"])
    twins = {"results": [queued(id=it, description=tag) for it in ids], "totalCount": 2}
    credentials = ServiceAccount("mdb_sa_id_1", CANARY)
    script: Script = [READ, GRANTED, READ, answer(200, twins, {"X-Echo": ECHO}), READ, EMPTY]
    _, client = serve(script, credentials=credentials)

    with pytest.raises(atlas_backups.DuplicateSnapshotsError) as caught:
        flavor.take(client, **KEY)

    assert_clean_error(caught.value)
    assert_clean(caught.value.snapshots)
    assert TOKEN not in repr(client)
