"""Puts the story on the screen: changes as lines that stay, beneath them a live view."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from atlas_backups._threads import DaemonThread
from atlas_backups.cli import output
from atlas_backups.cli.demo import timeline

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from atlas_backups.cli.demo.life import Change, Life
    from atlas_backups.cli.terminal import Terminal
    from atlas_backups.models import Snapshot

_SECONDS_A_FRAME = 0.08
_CLEAR_TO_THE_RIGHT = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"
_NAME_WIDTH = len("storage_size_bytes")
_INDENT = 23


class Screen:
    """Shows a life as it goes on. Where the terminal cannot be drawn on, lines are all there is.

    The cursor rests, visible, where the live view begins: whatever kills the program leaves a
    terminal in order.
    """

    def __init__(self, terminal: Terminal, life: Life) -> None:
        self._terminal = terminal
        self._life = life
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = DaemonThread(self._tick, name="atlas-demo")

    def __enter__(self) -> Self:
        if self._terminal.is_live:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._terminal.is_live:
            return
        self._over.set()
        self._thread.join()
        last = f"\n{timeline.bar(self._life, self._terminal)}\n" if kind is None else ""
        output.write(_CLEAR_BELOW + last)

    def show(self, snapshot: Snapshot) -> None:
        """Show what is new in a look."""
        with self._lock:
            change = self._life.add(snapshot)
            if change is None:
                return
            lines = self._lines(change)
            if self._terminal.is_live:
                lines = [f"{line}{_CLEAR_TO_THE_RIGHT}" for line in lines]
            text = "".join(f"{line}\n" for line in lines)
            output.write(text + (self._view() if self._terminal.is_live else ""))

    def _lines(self, change: Change) -> list[str]:
        colour = timeline.COLOURS.get(change.status)
        status = f"{change.status if change.is_new_status else '':<12}"
        painted = self._terminal.paint(status, "bold", colour) if colour else status
        head = f"{self._terminal.paint(f'{change.elapsed:6.1f} s', 'dim')}  {painted}"
        facts = [f"{name:{_NAME_WIDTH}}  {value}" for name, value in change.facts]
        if not facts:
            return [head.rstrip()]
        return [f"{head} {facts[0]}", *(" " * _INDENT + fact for fact in facts[1:])]

    def _view(self) -> str:
        """Draw the live view and put the cursor back to where it begins."""
        lines = (
            "",
            timeline.bar(self._life, self._terminal),
            timeline.now(self._life, self._terminal),
        )
        drawn = "\n".join(f"{line}{_CLEAR_TO_THE_RIGHT}" for line in lines)
        return f"{drawn}\r\x1b[{len(lines) - 1}A"

    def _tick(self) -> None:
        # A terminal that has gone is noticed, and reported, by the next write of the main thread.
        with contextlib.suppress(output.OutputError):
            while not self._over.wait(_SECONDS_A_FRAME):
                with self._lock:
                    output.write(self._view())
