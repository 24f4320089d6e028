"""A progress line over `tqdm.auto`, redrawn every second in a terminal or a notebook."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from atlas_backups._format import printable
from atlas_backups._threads import DaemonThread
from atlas_backups.progress.display import in_notebook, output_stream, printable_lines

if TYPE_CHECKING:
    from collections.abc import Callable

_UNCOUNTED_FORMAT = "{desc} ({elapsed})"
_COUNTED_FORMAT = "{n_fmt}/{total_fmt} |{bar:20}| ({elapsed}) {desc}"
_WIDGET_FORMAT = "{n_fmt}/{total_fmt} {bar} ({elapsed}) {desc}"
_ELAPSED_WIDTH = len(" (00:00:00)") + 1
_ELLIPSIS = "..."  # ASCII: not every terminal has more
_TICK_SECONDS = 1.0


class TqdmDisplay:
    """A line over tqdm, with a bar only where there is a total.

    Args:
        text: the initial text.
        total: number of items; `None`: no bar, because Atlas reports no percentage.

    Raises:
        ImportError: tqdm is not installed.
    """

    def __init__(self, text: str, total: int | None) -> None:
        tqdm: Any = import_module("tqdm.auto").tqdm  # an extra, without type hints
        # An interval of 0 disables the monitor, which would be a second thread.
        bar_class = type("Bar", (tqdm,), {"monitor_interval": 0})
        self._has_total = bool(total)
        counted = _WIDGET_FORMAT if in_notebook() else _COUNTED_FORMAT
        self._bar: Any = bar_class(
            desc=_shorten(printable(text), self._has_total),
            total=total or None,
            bar_format=counted if total else _UNCOUNTED_FORMAT,
            file=sys.stderr,
            dynamic_ncols=True,
        )
        self._lock = threading.RLock()
        self._closed = threading.Event()
        # A daemon thread that draws during interpreter shutdown could abort the process.
        atexit.register(self.close)
        self._ticker = DaemonThread(self._tick, name="atlas-backups-progress")
        self._ticker.start()

    def update(self, text: str, *, done: int = 0, keep: bool = False) -> None:
        """Replace the text of the line."""
        text = printable(text)
        if keep:
            self.println(text)
        self._draw(lambda: self._redraw(text, done))

    def println(self, text: str) -> None:
        """Print lines above the redrawn one."""
        self._draw(lambda: self._bar.write(printable_lines(text), file=output_stream(), end=""))

    def close(self, *, succeeded: bool = False) -> None:
        """Stop redrawing; the line stays."""
        self._draw(self._bar.close)
        if not succeeded and in_notebook():  # tqdm colours a bar without a total as a success
            self._draw(lambda: self._bar.disp(bar_style="danger"))
        self._closed.set()
        atexit.unregister(self.close)
        if threading.current_thread() is not self._ticker:
            self._ticker.join()

    def _redraw(self, text: str, done: int) -> None:
        self._bar.set_description_str(_shorten(text, self._has_total), refresh=False)
        self._bar.n = done
        self._bar.refresh()

    def _draw(self, action: Callable[[], object]) -> None:
        with self._lock, contextlib.suppress(Exception):  # a broken stream must not end the wait
            if not self._closed.is_set():
                action()

    def _tick(self) -> None:
        while not self._closed.wait(_TICK_SECONDS):
            self._draw(self._bar.refresh)


def _shorten(text: str, has_total: bool) -> str:
    if has_total or in_notebook():  # tqdm shortens it
        return text
    width = max(shutil.get_terminal_size().columns - _ELAPSED_WIDTH, 8)
    if len(text) <= width:
        return text
    # Keep the cluster at the start and the status at the end.
    half = max((width - len(_ELLIPSIS)) // 2, 1)
    return f"{text[:half]}{_ELLIPSIS}{text[-half:]}"
