"""Which errors another try of the task cannot help, and which pass by themselves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from atlas_backups.airflow.compat import AirflowFailException
from atlas_backups.errors import (
    BackupNotEnabledError,
    ClusterNotSupportedError,
    CompliancePolicyError,
    ConfigurationError,
    DuplicateSnapshotsError,
    ForbiddenError,
    GoneError,
    InvalidArgumentError,
    InvalidResponseError,
    NotAcceptableError,
    NotFoundError,
    PaymentRequiredError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
    UnauthorizedError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Generator

# An error that is not named here may pass. Trying once more what cannot succeed costs a minute; not
# trying what could costs a backup.
PERMANENT: tuple[type[Exception], ...] = (
    BackupNotEnabledError,
    ClusterNotSupportedError,
    CompliancePolicyError,
    ConfigurationError,
    DuplicateSnapshotsError,
    ForbiddenError,
    GoneError,
    InvalidArgumentError,
    NotAcceptableError,
    NotFoundError,
    PaymentRequiredError,
    UnauthorizedError,
    ValidationError,
)

# What a wait looks past. A wait for a known snapshot has this from the client.
OUTAGES: tuple[type[Exception], ...] = (
    InvalidResponseError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)


@contextmanager
def failing_for_good(*also: type[Exception]) -> Generator[None, None, None]:
    """Raise `AirflowFailException` for what another try cannot help; let the rest through.

    The rest keeps its class, by which a retry policy or a callback may tell it.

    Args:
        also: what cannot be helped here, besides `PERMANENT`.
    """
    try:
        yield
    except (*PERMANENT, *also) as error:
        raise AirflowFailException(str(error)) from error
