"""A wakeup thread for event loops without `add_reader`, such as Windows' proactor loop.

It is a Python thread: a Rust thread that calls into Python during finalization would abort the
process. It runs only while calls are in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from typing import Protocol

    class Inbox(Protocol):
        """The completed calls of one event loop, a class of the core."""

        def wait(self) -> bool:
            """Block until there are results; `False` if no call is in flight."""
            ...

        def drain(self) -> None:
            """Resolve the futures, on the loop's thread."""
            ...


def start_wakeup_thread(inbox: Inbox, event_loop: AbstractEventLoop) -> None:
    """Start a thread that makes the loop drain its inbox until no call is in flight."""
    # Every event loop has loaded `threading`; other programs may not need it.
    from atlas_backups._threads import DaemonThread  # noqa: PLC0415  # see above

    DaemonThread(_wake, inbox, event_loop, name="atlas-backups-wakeup").start()


def _wake(inbox: Inbox, event_loop: AbstractEventLoop) -> None:
    while inbox.wait():
        try:
            event_loop.call_soon_threadsafe(inbox.drain)
        except RuntimeError:  # the loop is closed
            return
