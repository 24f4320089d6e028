"""Sets the time of a log record to that of the event it describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import LogRecord

_AGE = "atlas_backups_age"


def set_record_time(record: LogRecord) -> bool:
    """Subtract the age of the event, in seconds, from the record's time; a filter for `logging`."""
    age: float = record.__dict__.pop(_AGE, 0.0)
    if age:
        record.created -= age
        record.msecs = float(int((record.created % 1) * 1000))
        record.relativeCreated -= age * 1000
    return True
