"""The event loops that a client supports."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    NewLoop: TypeAlias = Callable[[], asyncio.AbstractEventLoop]

ResultT = TypeVar("ResultT")


class NoReaders(asyncio.SelectorEventLoop):
    """A loop without `add_reader`, like the proactor loop of Windows."""

    def add_reader(self, *_args: object) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise NotImplementedError


LOOPS: dict[str, NewLoop] = {
    "asyncio": asyncio.new_event_loop,
    "no readers": NoReaders,
}
with suppress(ImportError):
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop

on_every_loop = pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS.keys())


def run(new_loop: NewLoop, main: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a coroutine on a new loop, like `asyncio.run`."""
    loop = new_loop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
