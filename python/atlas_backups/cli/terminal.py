"""What the terminal can show, and text in colour where it can."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import Literal, TextIO

Colour = Literal["red", "green", "yellow", "cyan", "dim", "bold"]

_CODES: dict[Colour, int] = {
    "bold": 1,
    "dim": 2,
    "red": 31,
    "green": 32,
    "yellow": 33,
    "cyan": 36,
}
_DRAWN = "━─╋●✗╭╮╰╯│⠋·"
_LEAST_COLUMNS = 40


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """What stdout can show.

    Attributes:
        is_live: whether lines can be drawn again in place.
        has_colour: whether colours are wanted.
        has_drawing: whether its encoding knows the characters for lines.
    """

    is_live: bool
    has_colour: bool
    has_drawing: bool

    @classmethod
    def of_stdout(cls) -> Terminal:
        """Look at stdout and the environment; see https://no-color.org ."""
        is_capable = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        return cls(
            is_live=is_capable and _columns() >= _LEAST_COLUMNS,
            has_colour=is_capable and not os.environ.get("NO_COLOR"),
            has_drawing=_can_encode(_DRAWN),
        )

    @property
    def columns(self) -> int:
        """Its width at this moment; 80 if it has none."""
        return _columns()

    def paint(self, text: str, *colours: Colour) -> str:
        """Return the text in these colours, or as it is."""
        if not self.has_colour or not colours:
            return text
        return f"\x1b[{';'.join(str(_CODES[colour]) for colour in colours)}m{text}\x1b[0m"


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person sits at a stream, which is `None` where it was closed."""
    return stream is not None and stream.isatty()


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _can_encode(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
