"""Where progress is shown: a line for each thing that happens, or one line that is drawn again."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Protocol, TextIO

from atlas_backups._notebook import kernel_shell


class Display(Protocol):
    """A place to show progress; nothing that happens to it is a reason to stop waiting."""

    def now(self, text: str, *, done: int = 0, stays: bool = False) -> None:
        """Show what is so now, for good if it `stays`; of `total`, so many are done."""
        ...

    def tell(self, text: str) -> None:
        """Show what is to stay."""
        ...

    def close(self, *, is_good: bool) -> None:
        """Show no more; what is there is the end, a good one or not."""
        ...


def open_display(begin: str, total: int | None = None) -> Display:
    """Return a display on standard error, over `tqdm.auto` where that can draw.

    Args:
        begin: what one line says until there is something to say.
        total: how many there are to do; `None`: not known, or nothing to count.
    """
    with contextlib.suppress(Exception):  # as without tqdm, or on a closed stream
        if _can_redraw():
            from atlas_backups.progress.live import Live  # noqa: PLC0415  # only if it can draw

            return Live(begin, total)
    return Lines()


class Lines:
    """One plain line on standard error for each thing that happens."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def now(self, text: str, *, done: int = 0, stays: bool = False) -> None:  # noqa: ARG002  # a line stays
        """Print it with the seconds since the begin."""
        self.tell(f"{one_line(text)} ({time.monotonic() - self._begun:.0f} s)")

    def tell(self, text: str) -> None:
        """Print it."""
        # A closed or broken stream is no reason to stop.
        with contextlib.suppress(OSError, ValueError):
            if stream() is not None:  # as under pythonw
                print(printable(text), file=stream(), flush=True)  # it was asked for

    def close(self, *, is_good: bool) -> None:
        """Do nothing: a line is a line."""


def printable(text: str) -> str:
    """Return text with escapes for what a terminal would obey; its lines stay lines."""
    return "\n".join(map(one_line, text.split("\n")))


def one_line(text: str) -> str:
    """Return text with escapes for what a terminal would obey and for line breaks: Atlas' text."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return "".join(shown)


def stream() -> TextIO | None:
    """Return where to show it; a notebook shows standard error as what went wrong."""
    return sys.stdout if in_notebook() else sys.stderr


def in_notebook() -> bool:
    """Return whether a kernel of a notebook runs this program."""
    return kernel_shell() is not None


def _can_redraw() -> bool:
    if in_notebook():
        return True
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    # One that does not know how high it is gets nothing from tqdm.
    return os.get_terminal_size(sys.stderr.fileno()).lines > 0
