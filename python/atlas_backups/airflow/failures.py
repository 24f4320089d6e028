"""Which errors another try of the task cannot help."""

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
    NotAcceptableError,
    NotFoundError,
    PaymentRequiredError,
    UnauthorizedError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of the other ones some may pass: rate limits, outages, a busy cluster, an unknown outcome. Trying
# once more what cannot succeed costs a minute; not trying what could costs a backup.
PERMANENT = (
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


@contextmanager
def failing_for_good() -> Iterator[None]:
    """Raise `AirflowFailException` for what another try cannot help; let the rest through.

    The rest keeps its class, by which a retry policy or a callback may tell it.
    """
    try:
        yield
    except PERMANENT as error:
        raise AirflowFailException(str(error)) from error
