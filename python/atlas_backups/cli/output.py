"""Writing to stdout and stderr: whatever the encoding, and when nobody reads any more."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


class OutputError(Exception):
    """Standard output cannot be written.

    Args:
        error: why.
        done: what happened before, and must be told although the reader has gone.
    """

    def __init__(self, error: OSError, *, done: str = "") -> None:
        super().__init__(f"{done}cannot write to standard output: {error.strerror or error}")
        self._error = error
        self._done = done

    @property
    def is_quiet(self) -> bool:
        """Whether nobody needs to know: the reader left on purpose, as `head` does."""
        return isinstance(self._error, BrokenPipeError) and not self._done

    def after(self, done: str) -> OutputError:
        """Return the same error with what happened before it."""
        return OutputError(self._error, done=done)


def write(text: str) -> None:
    """Write to stdout, now.

    Raises:
        OutputError: it cannot be written.
    """
    stream = _stdout()
    if stream is None:
        raise OutputError(OSError("it is closed"))
    try:
        stream.write(_encodable(text, stream))
        stream.flush()
    except OSError as error:
        abandon()
        raise OutputError(error) from error


def flush() -> None:
    """Write out what somebody else has written to stdout.

    Raises:
        OutputError: it cannot be written.
    """
    if _stdout() is not None:
        write("")


def abandon() -> None:
    """Let the interpreter's own flush at the end succeed, which would fail and complain again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def complain(text: str) -> None:
    """Write lines to stderr; if that cannot be done, there is nobody left to tell."""
    stream: TextIO | None = sys.stderr
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.write(_encodable(text, stream))
            stream.flush()


def printable(text: str) -> str:
    """Escape what a terminal would obey: Atlas gives back what anybody wrote."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def _stdout() -> TextIO | None:
    return sys.stdout  # None where the process was started with it closed


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
