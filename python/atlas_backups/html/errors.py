"""An exception as a box: what happened, what helps, and what belongs to it."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, cast

from atlas_backups._hints import without_hint
from atlas_backups._quantities import span
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    ApiError,
    AtlasError,
    DuplicateSnapshotsError,
    SnapshotInProgressError,
    WaitTimeoutError,
)
from atlas_backups.html.figure import cell, facts, figure, head, part, say
from atlas_backups.html.listing import brief_listing
from atlas_backups.html.markup import Markup, element, together
from atlas_backups.html.status import chip
from atlas_backups.html.text import SENTENCE, WHOLE, code, words
from atlas_backups.progress import resume_call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atlas_backups.html.markup import Child
    from atlas_backups.models import Snapshot

_CODE = re.compile("`([^`]*)`")
_MOST_VALUES = 12
_TITLES: dict[type[AtlasError], str] = {
    AmbiguousOutcomeError: "Any of these may be it",
    DuplicateSnapshotsError: "They carry the same tag",
    SnapshotInProgressError: "The unfinished one",
}


def error_box(error: AtlasError, at: datetime) -> Markup:
    """Return the drawing of an exception; `at` is the time from which ages count."""
    return figure(type(error).__name__, *_box(error, at), kind="ab-card ab-failure")


def _headline(error: AtlasError) -> tuple[str, str | None]:
    """Return what happened, in the shortest words there are, and what probably helps."""
    message, hint = without_hint(error)
    detail = error.detail if isinstance(error, ApiError) else None
    return detail or message, hint


def error_cell(error: AtlasError) -> Markup:
    """Return the cell of a table that says what happened, with what helps below."""
    happened, hint = _headline(error)
    return cell(
        together(element("strong", type(error).__name__), " ", words(happened, SENTENCE)),
        together("Hint: ", words(hint, SENTENCE)) if hint else None,
        kind="ab-wide",
    )


def _box(error: AtlasError, at: datetime) -> tuple[Markup | None, ...]:
    happened, hint = _headline(error)
    return (
        head(words(type(error).__name__), _label(error)),
        say(words(happened, WHOLE)),
        _meaning(error),
        say(element("strong", "Hint: "), words(hint, WHOLE)) if hint else None,
        _going_on(error),
        facts(_facts(error)) if isinstance(error, ApiError) else None,
        _snapshots(error, at),
        _cause(error),
        _message(error) if str(error) != happened else None,
    )


def _label(error: AtlasError) -> Markup | None:
    if isinstance(error, AmbiguousOutcomeError):
        return chip("odd", "outcome unknown")
    if isinstance(error, ApiError) and error.status is not None:
        return chip("bad", f"{error.status} {error.reason or ''}".strip())
    return None


def _meaning(error: AtlasError) -> Markup | None:
    """Return what the class of the exception says of itself, the status left out."""
    known = next(kind for kind in type(error).__mro__ if kind.__module__ == AtlasError.__module__)
    summary = (known.__doc__ or "").partition("\n")[0]
    if known in {AtlasError, ApiError} or not summary:
        return None
    pieces = _CODE.split(summary)
    marked = (code(it) if number % 2 else together(it) for number, it in enumerate(pieces))
    return element("p", *marked, class_="ab-say ab-soft")


def _going_on(error: AtlasError) -> Markup | None:
    if not isinstance(error, WaitTimeoutError) or error.snapshot is None:
        return None
    seen = error.snapshot
    call = resume_call(seen.group_id, seen.cluster_name, seen.id)
    return together(say("To go on waiting:"), element("code", call, class_="ab-call"))


def _facts(error: ApiError) -> Mapping[str, Child]:
    request = f"{error.method or ''} {error.path or ''}".strip()
    wrong = [
        together(code(it.field or "?"), " ", words(it.description or "", WHOLE))
        for it in error.field_violations[:_MOST_VALUES]
    ]
    values = [code(str(it)) for it in error.parameters[:_MOST_VALUES]]
    return {
        "Request": code(request, WHOLE) if request else None,
        "Code": error.error_code and code(error.error_code),
        "Fields": Markup(" · ".join(wrong)) if wrong else None,
        "Parameters": Markup(" · ".join(values)) if values else None,
        "Asked to wait": _wait(error.retry_after),
    }


def _wait(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    # No answer of Atlas says for ever, but whoever makes an exception may.
    return span(seconds) if isfinite(seconds) else f"{seconds} s"


def _snapshots(error: AtlasError, at: datetime) -> Markup | None:
    """Return the snapshots that it carries, whatever they are to it."""
    several = getattr(error, "snapshots", ()) or getattr(error, "candidates", ())
    one = getattr(error, "snapshot", None)
    found = cast("tuple[Snapshot, ...]", several or ((one,) if one else ()))
    if not found:
        return None
    return part(_TITLES.get(type(error), "The snapshot as last seen"), brief_listing(found, at))


def _cause(error: AtlasError) -> Markup | None:
    cause = error.__cause__
    if cause is None:
        return None
    return part("Cause", say(code(type(cause).__name__), " ", words(str(cause), WHOLE)))


def _message(error: AtlasError) -> Markup:
    return element("details", element("summary", "Whole message"), say(words(str(error), WHOLE)))
