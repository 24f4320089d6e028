"""How a command that did not succeed ends: what is said on stderr, and its exit status."""

from __future__ import annotations

import json
import traceback

from atlas_backups.cli import output
from atlas_backups.cli.parser import PROGRAM, UsageError
from atlas_backups.cli.plain import plain
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    AtlasError,
    ConfigurationError,
    InvalidArgumentError,
)

SUCCESS = 0
FAILURE = 1
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it

_HINT = ". Hint: "  # how the client's messages end where they carry one
_OUTCOME_UNKNOWN = "OUTCOME UNKNOWN: THE SNAPSHOT MAY OR MAY NOT HAVE BEEN TAKEN"


class InterruptedTakeError(AtlasError):
    """Ctrl-C while a take was under way: it may have reached Atlas."""


def report(error: BaseException, *, as_json: bool) -> int:
    """Tell on stderr why a command failed.

    Args:
        error: what it raised.
        as_json: one line of JSON, else words for a person.

    Returns:
        The exit status.
    """
    if isinstance(error, output.OutputError) and error.is_quiet:
        return FAILURE
    where = "".join(traceback.format_exception(error)) if _is_unforeseen(error) else ""
    if as_json:
        more = {"traceback": where} if where else {}
        output.complain(json.dumps({"error": plain(error) | more}) + "\n")
    else:
        output.complain(where + _words(error))
    return _status(error)


def _status(error: BaseException) -> int:
    if isinstance(error, UsageError | InvalidArgumentError | ConfigurationError):
        return USAGE
    if isinstance(error, KeyboardInterrupt | InterruptedTakeError):
        return INTERRUPTED
    return FAILURE


def _is_unforeseen(error: BaseException) -> bool:
    """Return whether it is a mistake of this program, whose authors need the traceback."""
    foreseen = (AtlasError, UsageError, output.OutputError, OSError, KeyboardInterrupt)
    return not isinstance(error, foreseen)


def _words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return f"\n{PROGRAM}: interrupted\n"
    if isinstance(error, UsageError):
        return f"{error.usage}{PROGRAM}: {error}\n"
    text, separator, hint = str(error).rpartition(_HINT)
    lines = [text if separator else str(error)]
    if isinstance(error, AmbiguousOutcomeError | InterruptedTakeError):
        lines.insert(0, _OUTCOME_UNKNOWN)
    if isinstance(error, AmbiguousOutcomeError):
        lines += [f"may be it: {seen!r}" for seen in error.candidates]
    if _is_unforeseen(error):
        lines = [f"a mistake in {PROGRAM} itself, please report it"]
    if separator:
        lines.append(f"hint: {hint}")
    return "".join(f"{PROGRAM}: {output.printable(line)}\n" for line in lines)
