"""One line that is drawn again every second, by `tqdm.auto`: in a terminal or in a notebook."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from atlas_backups._threads import DaemonThread
from atlas_backups.progress.display import in_notebook, one_line, printable, stream

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = "{desc} ({elapsed})"
_COUNTED = "{n_fmt}/{total_fmt} |{bar:20}| ({elapsed}) {desc}"
_COUNTED_BY_WIDGET = "{n_fmt}/{total_fmt} {bar} ({elapsed}) {desc}"
_ROOM = len(" (00:00:00)") + 1
_GAP = "..."  # in ASCII, as all that is shown: not every terminal knows more
_TICK_SECONDS = 1.0


class Live:
    """A line over tqdm; with a bar only where there is something to count.

    Args:
        begin: what it says until there is something to say.
        total: how many there are to do; `None`: no bar, for nobody knows how far it is.

    Raises:
        ImportError: tqdm is not installed.
    """

    def __init__(self, begin: str, total: int | None) -> None:
        tqdm: Any = import_module("tqdm.auto").tqdm  # an extra, without type hints
        # Its own monitor would start one more thread.
        bar_class = type("Bar", (tqdm,), {"monitor_interval": 0})
        self._is_counted = bool(total)
        self._bar: Any = bar_class(
            desc=_cut(one_line(begin), self._is_counted),
            total=total or None,
            bar_format=_PLAIN if not total else _COUNTED_BY_WIDGET if in_notebook() else _COUNTED,
            file=sys.stderr,
            dynamic_ncols=True,
        )
        self._lock = threading.RLock()
        self._closed = threading.Event()
        # A daemon that draws while the interpreter ends could abort it.
        atexit.register(self.close)
        self._ticker = DaemonThread(self._tick, name="atlas-backups-progress")
        self._ticker.start()

    def now(self, text: str, *, done: int = 0, stays: bool = False) -> None:
        """Show it in the place of what was so before."""
        text = one_line(text)
        if stays:
            self.tell(text)
        self._draw(lambda: self._change(text, done))

    def tell(self, text: str) -> None:
        """Show it above the line."""
        self._draw(lambda: self._bar.write(printable(text), file=stream()))

    def close(self, *, is_good: bool = False) -> None:
        """Leave the line as it is."""
        self._draw(self._bar.close)
        if not is_good and in_notebook():  # where tqdm takes what it cannot count for a success
            self._draw(lambda: self._bar.disp(bar_style="danger"))
        self._closed.set()
        atexit.unregister(self.close)
        if threading.current_thread() is not self._ticker:
            self._ticker.join()

    def _change(self, text: str, done: int) -> None:
        self._bar.set_description_str(_cut(text, self._is_counted), refresh=False)
        self._bar.n = done
        self._bar.refresh()

    def _draw(self, action: Callable[[], object]) -> None:
        with self._lock, contextlib.suppress(Exception):  # no reason to stop waiting
            if not self._closed.is_set():
                action()

    def _tick(self) -> None:
        while not self._closed.wait(_TICK_SECONDS):
            self._draw(self._bar.refresh)


def _cut(text: str, is_counted: bool) -> str:
    if is_counted or in_notebook():  # tqdm cuts it
        return text
    room = max(shutil.get_terminal_size().columns - _ROOM, 8)
    if len(text) <= room:
        return text
    # The cluster stands at the begin, its state at the end.
    half = max((room - len(_GAP)) // 2, 1)
    return f"{text[:half]}{_GAP}{text[-half:]}"
