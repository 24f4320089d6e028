"""Displays for progress: plain lines, or one line that tqdm redraws."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Protocol, TextIO

from atlas_backups._format import printable
from atlas_backups._ipython import get_kernel_shell


class Display(Protocol):
    """A place for progress. It raises nothing: a broken stream must not end the wait."""

    def update(self, text: str, *, done: int = 0, keep: bool = False) -> None:
        """Display the current state, permanently with `keep`; `done` of the total are done."""
        ...

    def println(self, text: str) -> None:
        """Display lines permanently."""
        ...

    def close(self, *, succeeded: bool) -> None:
        """End the display."""
        ...


class LineDisplay:
    """Prints one line for each update."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def update(self, text: str, *, done: int = 0, keep: bool = False) -> None:  # noqa: ARG002  # a line is permanent
        """Print the text and the seconds since the start."""
        self.println(f"{printable(text)} ({time.monotonic() - self._started:.0f} s)")

    def println(self, text: str) -> None:
        """Print lines."""
        with contextlib.suppress(OSError, ValueError):  # a closed or broken stream
            if (stream := output_stream()) is not None:
                stream.write(printable_lines(text))
                stream.flush()

    def close(self, *, succeeded: bool) -> None:
        """Do nothing."""


def printable_lines(text: str) -> str:
    """Return whole lines with control characters escaped.

    They are to be written at once: Ctrl-C between a text and its line break would join two lines.
    """
    return "\n".join(map(printable, text.split("\n"))) + "\n"


def output_stream() -> TextIO | None:
    """Return the stream for progress: standard error, which a notebook would display in red."""
    return sys.stdout if in_notebook() else sys.stderr  # None under pythonw


def in_notebook() -> bool:
    """Return whether the kernel of a notebook runs this program."""
    return get_kernel_shell() is not None
