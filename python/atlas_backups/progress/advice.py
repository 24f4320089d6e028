"""What to say to whoever stopped waiting: how to go on."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_IS_SAID_ELSEWHERE = ContextVar("is_said_elsewhere", default=False)


def call_to_wait(group_id: str, cluster_name: str, snapshot_id: str) -> str:
    """Return the call that waits for a snapshot, to copy."""
    return f"atlas.wait_for_snapshot({group_id!r}, {cluster_name!r}, {snapshot_id!r})"


def to_go_on(call: str) -> str:
    """Return how to go on, as the end of a sentence; nothing if somebody else says it."""
    return "" if _IS_SAID_ELSEWHERE.get() else f"; to wait for it again:\n    {call}"


def is_cut_off(error: BaseException) -> bool:
    """Return whether it is no error, but an end from outside: Ctrl-C, a stop, a cancellation."""
    return not isinstance(error, Exception | GeneratorExit)


@contextlib.contextmanager
def said_elsewhere() -> Generator[None]:
    """Leave it to the caller to say how to go on, as the command line does in its own words."""
    token = _IS_SAID_ELSEWHERE.set(True)
    try:
        yield
    finally:
        _IS_SAID_ELSEWHERE.reset(token)
