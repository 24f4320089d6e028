"""Log records have the time of the event that they describe, not of the moment they are logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import LogRecord

_AGE = "atlas_backups_age"


def date_record(record: LogRecord) -> bool:
    """Set the time of a record by the age of its event in seconds; a filter that keeps all."""
    age: float = record.__dict__.pop(_AGE, 0.0)
    if age:
        record.created -= age
        record.msecs = float(int((record.created % 1) * 1000))
        record.relativeCreated -= age * 1000
    return True
