"""Which errors another try of the task cannot help, and which pass by themselves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import AirflowException, AirflowFailException
from atlas_backups.airflow.messages import sentence_first
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

# An error that is not named here may pass. Trying once more what cannot succeed costs a minute; not
# trying what could costs a backup.
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

# The code of the 409 that does not pass by itself: somebody has to resume the cluster.
_PAUSED = "CANNOT_UPDATE_PAUSED_CLUSTER"

# What a wait looks past. A wait for a known snapshot has this from the client.
OUTAGES: tuple[type[Exception], ...] = (
    InvalidResponseError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)


def is_permanent(error: BaseException) -> bool:
    """Return whether another try of the task cannot help."""
    if isinstance(error, ConflictError):
        return error.error_code == _PAUSED
    return isinstance(error, _PERMANENT)


@contextmanager
def failing_for_good(
    log: Any,  # noqa: ANN401  # of another class in each version
    *also: type[Exception],
) -> Generator[None, None, None]:
    """Raise `AirflowFailException` for what another try cannot help; let the rest through.

    The rest keeps its class, by which a retry policy or a callback may tell it. Each error is
    logged first: of an exception, Airflow's log view shows only "Task failed with exception"; the
    message is in a traceback, in 2.11 inside a closed group.

    Args:
        log: the task's.
        also: what cannot be helped here, besides what `is_permanent` says.
    """
    try:
        yield
    except (AtlasError, AirflowException) as error:
        message = sentence_first(error)
        log.error("%s", message)  # noqa: TRY400  # Airflow logs the traceback
        if is_permanent(error) or isinstance(error, also):
            raise AirflowFailException(message) from error
        raise
