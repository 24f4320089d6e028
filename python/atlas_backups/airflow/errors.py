"""Errors in tasks: which fail without a retry, and how their messages are logged."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import AirflowException, AirflowFailException
from atlas_backups.errors import (
    AtlasError,
    BackupNotEnabledError,
    ClusterNotSupportedError,
    CompliancePolicyError,
    ConfigurationError,
    ConflictError,
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

# Every other error is retried: a useless retry costs a minute, a missing one costs a backup.
_PERMANENT: tuple[type[Exception], ...] = (
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

# The 409 that is not transient: the cluster stays paused until someone resumes it.
_PAUSED = "CANNOT_UPDATE_PAUSED_CLUSTER"

# Transient errors, which a wait tolerates; in wait_for_snapshot the client does.
TRANSIENT: tuple[type[Exception], ...] = (
    InvalidResponseError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)


def is_permanent(error: BaseException) -> bool:
    """Return whether a retry of the task is useless."""
    if isinstance(error, ConflictError):
        return error.error_code == _PAUSED
    return isinstance(error, _PERMANENT)


@contextmanager
def fail_without_retry(
    log: Any,  # noqa: ANN401  # of another class in each version
    *also: type[Exception],
) -> Generator[None, None, None]:
    """Raise permanent errors as `AirflowFailException`; leave the class of all others.

    Each error is logged first, because Airflow's log view shows only "Task failed with exception";
    the message is in a traceback, which 2.11 collapses.

    Args:
        log: the logger of the task.
        also: classes that are permanent here.
    """
    try:
        yield
    except (AtlasError, AirflowException) as error:
        message = str(error)
        log.error("%s", message)  # noqa: TRY400  # Airflow logs the traceback
        if is_permanent(error) or isinstance(error, also):
            raise AirflowFailException(message) from error
        raise
