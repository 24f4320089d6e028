"""Standard streams: any encoding, closed or full streams, colours."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Generator

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}


class OutputError(Exception):
    """Standard output cannot be written.

    Args:
        error: the cause.
        done: what the command did before; reported even if the reader has closed the pipe.
    """

    def __init__(self, error: OSError, *, done: str = "") -> None:
        super().__init__(f"{done}cannot write to standard output: {error.strerror or error}")
        self._error = error
        self._done = done

    @property
    def is_quiet(self) -> bool:
        """Whether the reader closed the pipe on purpose, as `head` does, and needs no report."""
        return isinstance(self._error, BrokenPipeError) and not self._done

    def after(self, done: str) -> OutputError:
        """Return the same error with what the command did before."""
        return OutputError(self._error, done=done)


class _ClosedStream(io.TextIOBase):
    """Replaces a stdout that was closed before the process started; fails on flush."""

    _has_text = False

    def write(self, text: str) -> int:
        self._has_text = self._has_text or bool(text)
        return len(text)

    def flush(self) -> None:
        if self._has_text:
            self._has_text = False
            raise OSError("it is closed")


@contextlib.contextmanager
def standard_streams() -> Generator[None]:
    """Provide a stdout that reports when it is closed; at the end discard broken streams."""
    is_closed = _stdout() is None
    if is_closed:
        sys.stdout = _ClosedStream()
    try:
        yield
    finally:
        if is_closed:
            sys.stdout = None
        # The interpreter flushes both at exit, and exits with 120 if that fails.
        for stream in (_stdout(), _stderr()):
            if stream is not None and not _is_writable(stream):
                _discard(stream)


def write(text: str) -> None:
    """Write to stdout and flush.

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
        discard_stdout()
        raise OutputError(error) from error


def flush() -> None:
    """Flush what others, as argparse, have written to stdout.

    Raises:
        OutputError: it cannot be written.
    """
    if _stdout() is not None:
        write("")


def discard_stdout() -> None:
    """Redirect stdout to the null device, so that the interpreter's flush at exit succeeds."""
    stream = _stdout()
    if stream is not None:
        _discard(stream)


def write_stderr(text: str) -> None:
    """Write to stderr; a failure is ignored because it cannot be reported."""
    stream = _stderr()
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.write(_encodable(text, stream))
            stream.flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; a closed one is `None`."""
    return stream is not None and stream.isatty()


def paint(text: str, *styles: str) -> str:
    """Return text in these styles if stdout is a terminal with colours (https://no-color.org)."""
    has_colour = (
        is_terminal(_stdout())
        and os.environ.get("TERM", "dumb") != "dumb"
        and not os.environ.get("NO_COLOR")
    )
    if not has_colour or not styles:
        return text
    return f"\x1b[{';'.join(str(_CODES[style]) for style in styles)}m{text}\x1b[0m"


def _discard(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        descriptor = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)


def _is_writable(stream: TextIO) -> bool:
    try:
        stream.write("")  # after a failure flush() alone succeeds once, and fails again at exit
        stream.flush()
    except OSError:
        return False
    except ValueError:  # closed in the meantime
        return True
    return True


def _stdout() -> TextIO | None:
    return sys.stdout  # None if the process was started with it closed


def _stderr() -> TextIO | None:
    return sys.stderr


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
