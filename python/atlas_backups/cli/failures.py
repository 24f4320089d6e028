"""How a command that did not succeed ends: what is said on stderr, and its exit status."""

from __future__ import annotations

import json
import sys
import traceback
from typing import TYPE_CHECKING, TypeVar

from atlas_backups._hints import without_hint
from atlas_backups._plain import plain
from atlas_backups.cli import output
from atlas_backups.cli.parser import PROGRAM, UsageError
from atlas_backups.cli.signals import INTERRUPTIONS, TerminatedError
from atlas_backups.cli.snapshots import summary
from atlas_backups.cli.terminal import is_terminal
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    AtlasError,
    ConfigurationError,
    InvalidArgumentError,
    SnapshotInProgressError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ErrorT = TypeVar("ErrorT", bound=BaseException)

SUCCESS = 0
FAILURE = 1
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
TERMINATED = 143  # 128 + SIGTERM

_OUTCOME_UNKNOWN = "OUTCOME UNKNOWN: THE SNAPSHOT MAY OR MAY NOT HAVE BEEN TAKEN"


class AdvisedError(Exception):
    """Something else went wrong, its `__cause__`, and a person must know more than that.

    Attributes:
        advice: what is known, and how to go on.
    """

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice


def report(error: BaseException, *, as_json: bool) -> int:
    """Tell on stderr why a command failed.

    Args:
        error: what it raised.
        as_json: one line of JSON, else words for a person.

    Returns:
        The exit status.
    """
    story = list(_story(error))
    reason = story[1] if isinstance(error, AdvisedError) else error
    if isinstance(reason, output.OutputError) and reason.is_quiet:
        return FAILURE
    doubt = _first(AmbiguousOutcomeError, story) if isinstance(reason, INTERRUPTIONS) else None
    advised = _first(AdvisedError, story)
    where = "".join(traceback.format_exception(reason)) if _is_unforeseen(reason) else ""
    if as_json:
        more = {"doubt": doubt, "advice": advised and advised.advice, "traceback": where}
        known = {name: plain(value) for name, value in more.items() if value}
        output.complain(json.dumps({"error": plain(reason) | known}) + "\n")
    else:
        lines = _lines(reason) + (_lines(doubt) if doubt else [])
        lines += [f"hint: {advised.advice}"] if advised else []
        output.complain(
            _head(reason) + where + "".join(f"{PROGRAM}: {output.printable(s)}\n" for s in lines)
        )
    return _status(reason)


def _story(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it: a second Ctrl-C must not hide what the first one left."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _first(kind: type[ErrorT], story: list[BaseException]) -> ErrorT | None:
    return next((error for error in story if isinstance(error, kind)), None)


def _status(reason: BaseException) -> int:
    if isinstance(reason, UsageError | InvalidArgumentError | ConfigurationError):
        return USAGE
    if isinstance(reason, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(reason, TerminatedError):
        return TERMINATED
    return FAILURE


def _is_unforeseen(error: BaseException) -> bool:
    """Return whether it is a mistake of this program, whose authors need the traceback."""
    foreseen = (AtlasError, UsageError, output.OutputError, OSError, *INTERRUPTIONS)
    return not isinstance(error, foreseen)


def _head(reason: BaseException) -> str:
    if isinstance(reason, UsageError):
        return reason.usage
    # Where the terminal has written ^C.
    return "\n" if isinstance(reason, KeyboardInterrupt) and is_terminal(sys.stderr) else ""


def _lines(error: BaseException) -> list[str]:
    if isinstance(error, KeyboardInterrupt):
        return ["interrupted"]
    if isinstance(error, TerminatedError):
        return ["terminated"]
    if _is_unforeseen(error):
        return [f"a mistake in {PROGRAM} itself, please report it"]
    text, hint = without_hint(error)
    lines = [text]
    if isinstance(error, AmbiguousOutcomeError):
        lines.insert(0, _OUTCOME_UNKNOWN)
        if error.idempotency_tag:
            lines.append(f"its description would begin with {error.idempotency_tag}")
        lines += [f"may be it: {summary(seen)}" for seen in error.candidates]
    if isinstance(error, SnapshotInProgressError) and error.snapshot:
        lines.append(f"unfinished: {summary(error.snapshot)}")
    if hint:
        lines.append(f"hint: {hint}")
    return lines
