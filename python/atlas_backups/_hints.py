"""Tells the hint of an error from its message, in which strangers may be quoted."""

from __future__ import annotations

import re

from atlas_backups.errors import (
    AmbiguousOutcomeError,
    DuplicateSnapshotsError,
    InvalidResponseError,
    RequestTimeoutError,
    TransportError,
    WaitTimeoutError,
)

_HINT = ". Hint: "
_ALWAYS_HINTED = (AmbiguousOutcomeError, DuplicateSnapshotsError, WaitTimeoutError)
_TRIED = (TransportError, RequestTimeoutError, InvalidResponseError)
_EFFORT = re.compile(r" \(\d+ attempts?, \d+\.\d\d s\)\Z")


def without_hint(error: BaseException) -> tuple[str, str | None]:
    """Return what an error says, and what probably helps; `None` if nothing is known.

    The words of Atlas or of a proxy may look like a hint: only what stands where this package
    puts its own is one.
    """
    message = str(error)
    if hasattr(error, "hint"):
        own: str | None = getattr(error, "hint")  # noqa: B009  # not every exception has one
        return message.removesuffix(f"{_HINT}{own}"), own
    before, _, hint = message.rpartition(_HINT)
    # What is quoted stands before the effort, and ends with it where there is no hint.
    is_tried = isinstance(error, _TRIED) and _EFFORT.search(before) and not _EFFORT.search(hint)
    is_hinted = before and (is_tried or isinstance(error, _ALWAYS_HINTED))
    return (before, hint) if is_hinted else (message, None)
