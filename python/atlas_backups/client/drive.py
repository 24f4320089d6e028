"""The two flavors: every operation is written once, as steps, and driven with or without `await`.

A step is an operation of the core to run, whose result is sent back; anything else that an
iteration yields is handed out. Tracebacks of notebooks and pytest leave these frames out: they
tell a caller nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from atlas_backups._core import Operation, turn
from atlas_backups.errors import AtlasError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from typing import Any, TypeAlias, TypeVar

    ResultT = TypeVar("ResultT")
    ValueT = TypeVar("ValueT")

    Steps: TypeAlias = Generator[Operation[Any], Any, ResultT]
    Iteration: TypeAlias = Generator[Operation[Any] | ValueT, Any, None]


def drive(steps: Steps[ResultT]) -> ResultT:
    """Run steps to their end on this thread."""
    __tracebackhide__ = True
    try:
        operation = next(steps)
        while True:
            try:
                while True:
                    operation = steps.send(blocking(operation))
            except StopIteration:
                raise
            except BaseException as error:  # noqa: BLE001  # the steps decide on it
                operation = _decided(steps, error, operation)
    except StopIteration as end:
        result: ResultT = end.value
        return result


async def drive_async(steps: Steps[ResultT]) -> ResultT:
    """Run steps to their end in the running event loop; many that begin at once take turns."""
    __tracebackhide__ = True
    try:
        wait = turn()
    except RuntimeError as error:
        raise _no_event_loop() from error
    if wait is not None:
        await wait
    try:
        operation = next(steps)
        while True:
            try:
                while True:
                    operation = steps.send(await operation.start())
            except StopIteration:
                raise
            except BaseException as error:  # noqa: BLE001  # the steps decide on it
                operation = _decided(steps, error, operation)
    except StopIteration as end:
        result: ResultT = end.value
        return result


def iterate(steps: Iteration[ValueT]) -> Generator[ValueT, None, None]:
    """Run an iteration on this thread; closing it closes the steps."""
    __tracebackhide__ = True
    try:
        step = next(steps)
        while True:
            if not isinstance(step, Operation):
                yield step
                step = next(steps)
                continue
            operation: Operation[Any] = step  # pyright: ignore[reportUnknownVariableType]  # of ValueT
            try:
                result = blocking(operation)
            except BaseException as error:  # noqa: BLE001  # the steps decide on it
                step = steps.throw(_with_doubt(error, operation))
            else:
                step = steps.send(result)
    except StopIteration:
        return
    except GeneratorExit:
        raise
    except BaseException as error:
        # Of a signal, unless the steps raised it: then they have ended, and raise it again.
        steps.throw(error)
        raise
    finally:
        steps.close()


async def iterate_async(steps: Iteration[ValueT]) -> AsyncGenerator[ValueT, None]:
    """Run an iteration in the running event loop; closing it closes the steps."""
    __tracebackhide__ = True
    try:
        turn()
    except RuntimeError as error:
        raise _no_event_loop() from error
    try:
        step = next(steps)
        while True:
            if not isinstance(step, Operation):
                yield step
                step = next(steps)
                continue
            operation: Operation[Any] = step  # pyright: ignore[reportUnknownVariableType]  # of ValueT
            try:
                result = await operation.start()
            except BaseException as error:  # noqa: BLE001  # the steps decide on it
                operation.cancel()
                step = steps.throw(_with_doubt(error, operation))
            else:
                step = steps.send(result)
    except StopIteration:
        return
    except GeneratorExit:
        raise
    except BaseException as error:
        # Of a signal, unless the steps raised it: then they have ended, and raise it again.
        steps.throw(error)
        raise
    finally:
        steps.close()


def blocking(operation: Operation[ResultT]) -> ResultT:
    """Run an operation to its end on this thread; under gevent, for this greenlet only."""
    __tracebackhide__ = True
    if "gevent.monkey" not in sys.modules:
        return operation.blocking()
    from atlas_backups.client import green  # noqa: PLC0415  # most programs do without

    return green.blocking(operation)


def _no_event_loop() -> RuntimeError:
    return RuntimeError(
        "the _async methods need a running asyncio event loop. Under trio, call the sync method in "
        "a thread: await trio.to_thread.run_sync(atlas.take_snapshot, ...)"
    )


def _decided(steps: Steps[Any], error: BaseException, operation: Operation[Any]) -> Operation[Any]:
    """Have the steps decide on an error of the operation, or of a signal at any moment after it.

    Steps that have already ended by it raise it again.
    """
    __tracebackhide__ = True
    try:
        operation.cancel()
        return steps.throw(error)
    except BaseException as end:
        _with_doubt(end, operation)
        raise


def _with_doubt(error: BaseException, operation: Operation[Any]) -> BaseException:
    """Let what cuts a take off (Ctrl-C, a cancellation) say in its context what is unknown."""
    if not isinstance(error, AtlasError):
        doubt = operation.in_doubt()
        if doubt is not None:
            put_behind(error, doubt)
    return error


def put_behind(error: BaseException, known: AtlasError) -> None:
    """Make what is known the context of an error that says nothing of it."""
    known.__context__ = error.__context__
    error.__context__ = known
