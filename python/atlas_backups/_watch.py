"""A thread that stands in for `add_reader` where an event loop has none, like Windows' proactor.

It is Python's own, for a thread of Rust that calls into Python while that ends aborts the process;
and it runs only while calls do, so that no loop leaves one behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from typing import Protocol

    class Queue(Protocol):
        """The queue of results of one event loop, a class of the core."""

        def wait(self) -> bool:
            """Wait for results; `False`: no call is left that could bring one."""
            ...

        def drain(self) -> None:
            """Hand them out, on the loop's thread."""
            ...


def watch(queue: Queue, event_loop: AbstractEventLoop) -> None:
    """Have a loop drain its queue whenever there are results, until no call is left."""
    # `threading` is loaded where an event loop is, and not needed elsewhere.
    from atlas_backups._threads import DaemonThread  # noqa: PLC0415  # see above

    DaemonThread(_watch, queue, event_loop, name="atlas-backups-watch").start()


def _watch(queue: Queue, event_loop: AbstractEventLoop) -> None:
    while queue.wait():
        try:
            event_loop.call_soon_threadsafe(queue.drain)
        except RuntimeError:  # the loop was closed; nobody waits any more
            return
