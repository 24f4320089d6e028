"""Exit statuses, SIGTERM, and the report of an error on stderr."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, NoReturn, TypeVar

from atlas_backups._format import printable, split_hint
from atlas_backups._plain import plain
from atlas_backups.cli import output
from atlas_backups.cli.options import PROGRAM, UsageError
from atlas_backups.cli.render import snapshot_summary
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    AtlasError,
    ConfigurationError,
    InvalidArgumentError,
    SnapshotInProgressError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import FrameType

ErrorT = TypeVar("ErrorT", bound=BaseException)

SUCCESS = 0
FAILURE = 1
USAGE = 2
UNKNOWN = 3  # whether a snapshot was taken
TIMED_OUT = 4  # a wait
INTERRUPTED = 130  # 128 + SIGINT, as in shells
TERMINATED = 143  # 128 + SIGTERM

_OUTCOME_UNKNOWN = "OUTCOME UNKNOWN: THE SNAPSHOT MAY OR MAY NOT HAVE BEEN TAKEN"


class TerminatedError(BaseException):
    """SIGTERM was received. No `Exception`, as `KeyboardInterrupt`: nothing may swallow it."""


INTERRUPTIONS = (KeyboardInterrupt, TerminatedError)


class ErrorWithResumeHint(Exception):  # noqa: N818  # it only adds to its cause
    """Adds to another error, its `__cause__`, how to continue.

    Attributes:
        advice: what is known, and which command continues.
    """

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice


@contextlib.contextmanager
def sigterm_as_exception() -> Generator[None]:
    """Raise `TerminatedError` on SIGTERM, unless a handler is already installed."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def report(error: BaseException, *, as_json: bool) -> int:
    """Report on stderr why a command failed, as one line of JSON or as text.

    Returns:
        The exit status.
    """
    chain = list(_chain(error))
    reason = chain[1] if isinstance(error, ErrorWithResumeHint) else error
    if isinstance(reason, output.OutputError) and reason.is_quiet:
        return FAILURE
    # An interruption may hide an ambiguous outcome, and a second Ctrl-C the first one.
    ambiguous = _first(AmbiguousOutcomeError, chain) if isinstance(reason, INTERRUPTIONS) else None
    hinted = _first(ErrorWithResumeHint, chain)
    trace = "".join(traceback.format_exception(reason)) if _is_bug(reason) else ""
    if as_json:
        more = {"ambiguous": ambiguous, "advice": hinted and hinted.advice, "traceback": trace}
        known = {name: plain(value) for name, value in more.items() if value}
        output.write_stderr(json.dumps({"error": plain(reason) | known}) + "\n")
    else:
        lines = _lines(reason) + (_lines(ambiguous) if ambiguous else [])
        lines += [f"hint: {hinted.advice}"] if hinted else []
        text = "".join(f"{PROGRAM}: {printable(line)}\n" for line in lines)
        output.write_stderr(_preamble(reason) + trace + text)
    return _status(reason)


def _raise_terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TerminatedError


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, its cause or context, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _first(kind: type[ErrorT], chain: list[BaseException]) -> ErrorT | None:
    return next((error for error in chain if isinstance(error, kind)), None)


def _status(reason: BaseException) -> int:
    if isinstance(reason, UsageError | InvalidArgumentError | ConfigurationError):
        return USAGE
    if isinstance(reason, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(reason, TerminatedError):
        return TERMINATED
    if isinstance(reason, AmbiguousOutcomeError):
        return UNKNOWN
    return TIMED_OUT if isinstance(reason, WaitTimeoutError) else FAILURE


def _is_bug(error: BaseException) -> bool:
    """Return whether the error is a bug of this program, whose report needs the traceback."""
    expected = (AtlasError, UsageError, output.OutputError, OSError, *INTERRUPTIONS)
    return not isinstance(error, expected)


def _preamble(reason: BaseException) -> str:
    if isinstance(reason, UsageError):
        return reason.usage
    # End the line on which the terminal has echoed ^C.
    is_ctrl_c = isinstance(reason, KeyboardInterrupt) and output.is_terminal(sys.stderr)
    return "\n" if is_ctrl_c else ""


def _lines(error: BaseException) -> list[str]:
    if isinstance(error, KeyboardInterrupt):
        return ["interrupted"]
    if isinstance(error, TerminatedError):
        return ["terminated"]
    if _is_bug(error):
        return [f"this is a bug in {PROGRAM}, please report it"]
    text, hint = split_hint(error)
    lines = [text]
    if isinstance(error, AmbiguousOutcomeError):
        lines.insert(0, _OUTCOME_UNKNOWN)
        if error.idempotency_tag:
            lines.append(f"its description would begin with {error.idempotency_tag}")
        lines += [f"candidate: {snapshot_summary(it)}" for it in error.candidates]
    if isinstance(error, SnapshotInProgressError) and error.snapshot:
        lines.append(f"unfinished: {snapshot_summary(error.snapshot)}")
    if hint:
        lines.append(f"hint: {hint}")
    return lines
