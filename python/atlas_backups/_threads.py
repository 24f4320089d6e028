"""Daemon threads that block all signals.

A program that blocks a signal in its threads and waits for it (`signal.sigwait`) is killed by the
signal if another thread has not blocked it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

# Delivered to the thread that causes them.
_SYNCHRONOUS = {"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP"}


class DaemonThread(threading.Thread):
    """A daemon thread that blocks all signals from its start, where the system supports it."""

    def __init__(self, target: Callable[..., object], *args: object, name: str) -> None:
        super().__init__(target=target, args=args, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, which inherits the signal mask of this one."""
        with _signals_blocked():
            super().start()


@contextlib.contextmanager
def _signals_blocked() -> Generator[None]:
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Any of these calls may run a handler that raises.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(
            signal.SIG_BLOCK,
            [number for number in signal.valid_signals() if _name(number) not in _SYNCHRONOUS],
        )
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _name(number: int) -> str:
    return number.name if isinstance(number, signal.Signals) else ""
