"""Sync calls in a program that gevent has patched: a call blocks its greenlet only.

The core waits without gevent, so it would stop every greenlet of the thread. The call runs in the
thread pool of the hub instead, which has real threads.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeVar

    from atlas_backups._core import Operation

    ResultT = TypeVar("ResultT")


_LONGEST_END = 1.0


def blocking(operation: Operation[ResultT]) -> ResultT:
    """Run an operation to its end; in a thread without a hub, such as the pool's, as usual."""
    __tracebackhide__ = True
    hub: Any = import_module("gevent._hub_local").get_hub_if_exists()
    is_patched: bool = import_module("gevent.monkey").is_module_patched("threading")
    if hub is None or not is_patched:
        return operation.blocking()
    call = hub.threadpool.spawn(_outcome, operation)
    try:
        outcome: tuple[ResultT, BaseException | None] = call.get()
    except BaseException:  # a timeout of gevent, a killed greenlet, Ctrl-C
        operation.abandon()
        call.wait(_LONGEST_END)  # so that nothing is sent any more when it is said what is unknown
        raise
    result, error = outcome
    if error is not None:
        raise error
    return result


def _outcome(operation: Operation[ResultT]) -> tuple[ResultT | None, BaseException | None]:
    # The pool would print an exception that leaves it.
    try:
        return operation.blocking(), None
    except BaseException as error:  # noqa: BLE001  # raised again in the greenlet
        return None, error
