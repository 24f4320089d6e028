"""SIGTERM ends a command as Ctrl-C does: at once, but with its say."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType


class TerminatedError(BaseException):
    """SIGTERM has come. Like `KeyboardInterrupt` no `Exception`: nobody may carry on after it."""


INTERRUPTIONS = (KeyboardInterrupt, TerminatedError)


@contextlib.contextmanager
def sigterm_raised() -> Generator[None]:
    """Have SIGTERM raise `TerminatedError`, unless somebody else has a plan for it."""
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TerminatedError
