"""Writing to stdout and stderr: whatever the encoding, and when nobody reads any more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Generator


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


class _Closed(io.TextIOBase):
    """Stands in for a stream that was closed before the process started."""

    _is_pending = False

    def write(self, text: str) -> int:
        self._is_pending = self._is_pending or bool(text)
        return len(text)

    def flush(self) -> None:
        if self._is_pending:
            self._is_pending = False
            raise OSError("it is closed")


@contextlib.contextmanager
def standard_streams() -> Generator[None]:
    """Provide a stdout that reports when it is closed, and leave no broken stream behind."""
    is_closed = _stdout() is None
    if is_closed:
        sys.stdout = _Closed()
    try:
        yield
    finally:
        if is_closed:
            sys.stdout = None
        # The interpreter flushes both at its end, and exits with 120 where that fails.
        for stream in (_stdout(), _stderr()):
            if stream is not None and not _is_writable(stream):
                _abandon(stream)


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
    stream = _stdout()
    if stream is not None:
        _abandon(stream)


def _abandon(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _is_writable(stream: TextIO) -> bool:
    try:
        stream.write("")  # flush() alone succeeds the second time, and fails again at the end
        stream.flush()
    except OSError:
        return False
    except ValueError:  # closed since
        return True
    return True


def complain(text: str) -> None:
    """Write lines to stderr; if that cannot be done, there is nobody left to tell."""
    stream = _stderr()
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


def _stderr() -> TextIO | None:
    return sys.stderr


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
