"""What every kind of operation stands on: the core, the credentials, and one try with others."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, TypeVar

from atlas_backups._core import Client

# The core imports it; tools that freeze programs find it by this statement.
from atlas_backups._log_time import set_record_time as set_record_time  # noqa: PLC0414  # nothing here uses it
from atlas_backups._loop_wakeup import start_wakeup_thread as start_wakeup_thread  # noqa: PLC0414  # nothing here uses it
from atlas_backups.client.credentials import CredentialSource
from atlas_backups.errors import UnauthorizedError
from atlas_backups.models import RawResponse

if TYPE_CHECKING:
    from atlas_backups._core import Operation
    from atlas_backups.client.drive import Steps

ResultT = TypeVar("ResultT")

_UNAUTHORIZED = 401
_PACKAGE = __name__.partition(".")[0]


class Base:
    """The state of a client; its operations are added by the classes beside this one."""

    __slots__ = ("_core", "_source")

    _core: Client
    _source: CredentialSource

    def _write(self, operation: Operation[ResultT]) -> Steps[ResultT]:
        """Run an operation; once more if Atlas refuses its credentials and there are others."""
        __tracebackhide__ = True
        generation = self._source.first()
        try:
            result: ResultT = yield operation
        except UnauthorizedError:
            if not self._source.has_other(generation):
                raise
        else:
            if not _is_refusal(result) or not self._source.has_other(generation):
                return result
        repeated: ResultT = yield operation
        return repeated

    def _read(self, operation: Operation[ResultT]) -> Steps[ResultT]:
        """Do the same, and warn once if Atlas says that this version of its interface ends.

        Of an operation that is run again and again, as a wait, only the first run that hears it
        warns.
        """
        __tracebackhide__ = True
        is_warned = operation.deprecation is not None
        result = yield from self._write(operation)
        if operation.deprecation is not None and not is_warned:
            warnings.warn(operation.deprecation, DeprecationWarning, stacklevel=_caller())
        return result


def warn_of_lost_tag(notice: str | None) -> None:
    """Warn, if an operation noticed it: the snapshot exists, so it is no error.

    The log has it too, but nobody may read that.
    """
    if notice is not None:
        warnings.warn(notice, RuntimeWarning, stacklevel=_caller())


def _is_refusal(result: object) -> bool:
    """Whether a raw answer says what an `UnauthorizedError` would."""
    return isinstance(result, RawResponse) and result.status == _UNAUTHORIZED


def _caller() -> int:
    """Return the `stacklevel` of this package's caller, for a `warn` in the calling function."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as `warnings` itself
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        level, frame = level + 1, frame.f_back
    return level
