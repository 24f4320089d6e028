"""Runs each operation for both APIs: written once as effects, run with or without `await`.

An effect is an operation of the core. Its result is sent back into the generator, its exception is
thrown into it. Tracebacks of notebooks and pytest hide these frames.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Generator
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

from atlas_backups._core import Operation
from atlas_backups.errors import AtlasError

ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")

Effects: TypeAlias = "Generator[Operation[Any], Any, ResultT]"
"""A call: it yields operations and returns its result."""
EffectIterator: TypeAlias = "Generator[Operation[Any] | ValueT, Any, None]"
"""An iteration: it yields operations, and values for the caller."""

_CANCEL_SECONDS = 1.0


def run_sync(effects: Effects[ResultT]) -> ResultT:
    """Run a call on this thread."""
    __tracebackhide__ = True
    try:
        operation = next(effects)
        while True:
            try:
                while True:
                    operation = effects.send(run_blocking(operation))
            except StopIteration:
                raise
            except BaseException as error:  # noqa: BLE001  # the effects handle it
                operation = _throw_into(effects, error, operation)
    except StopIteration as end:
        result: ResultT = end.value
        return result


async def run_async(effects: Effects[ResultT]) -> ResultT:
    """Run a call in the running event loop."""
    __tracebackhide__ = True
    _check_event_loop()
    try:
        operation = next(effects)
        while True:
            try:
                while True:
                    operation = effects.send(await operation.run_async())
            except StopIteration:
                raise
            except BaseException as error:  # noqa: BLE001  # the effects handle it
                operation = _throw_into(effects, error, operation)
    except StopIteration as end:
        result: ResultT = end.value
        return result


def iterate(effects: EffectIterator[ValueT]) -> Generator[ValueT, None, None]:
    """Run an iteration on this thread; closing it closes the effects."""
    __tracebackhide__ = True
    try:
        effect = next(effects)
        while True:
            if not isinstance(effect, Operation):
                yield effect
                effect = next(effects)
                continue
            operation: Operation[Any] = effect  # pyright: ignore[reportUnknownVariableType]  # of ValueT
            try:
                result = run_blocking(operation)
            except BaseException as error:  # noqa: BLE001  # the effects handle it
                effect = effects.throw(_add_pending_outcome(error, operation))
            else:
                effect = effects.send(result)
    except StopIteration:
        return
    except GeneratorExit:
        raise
    except BaseException as error:
        # Raised by a signal handler, or by the effects, which then have ended and raise it again.
        effects.throw(error)
        raise
    finally:
        effects.close()


async def iterate_async(effects: EffectIterator[ValueT]) -> AsyncGenerator[ValueT, None]:
    """Run an iteration in the running event loop; closing it closes the effects."""
    __tracebackhide__ = True
    _check_event_loop()
    try:
        effect = next(effects)
        while True:
            if not isinstance(effect, Operation):
                yield effect
                effect = next(effects)
                continue
            operation: Operation[Any] = effect  # pyright: ignore[reportUnknownVariableType]  # of ValueT
            try:
                result = await operation.run_async()
            except BaseException as error:  # noqa: BLE001  # the effects handle it
                operation.cancel()
                effect = effects.throw(_add_pending_outcome(error, operation))
            else:
                effect = effects.send(result)
    except StopIteration:
        return
    except GeneratorExit:
        raise
    except BaseException as error:
        # Raised by a signal handler, or by the effects, which then have ended and raise it again.
        effects.throw(error)
        raise
    finally:
        effects.close()


def run_blocking(operation: Operation[ResultT]) -> ResultT:
    """Run an operation on this thread; under gevent, block the greenlet only."""
    __tracebackhide__ = True
    if "gevent.monkey" not in sys.modules:
        return operation.run()
    return _run_under_gevent(operation)


def _run_under_gevent(operation: Operation[ResultT]) -> ResultT:
    """Run an operation in a thread of the hub's pool, because the core blocks its thread.

    A thread without a hub, such as one of the pool, blocks.
    """
    __tracebackhide__ = True
    hub: Any = import_module("gevent._hub_local").get_hub_if_exists()
    is_patched: bool = import_module("gevent.monkey").is_module_patched("threading")
    if hub is None or not is_patched:
        return operation.run()
    call = hub.threadpool.spawn(_catch, operation)
    try:
        outcome: tuple[ResultT, BaseException | None] = call.get()
    except BaseException:  # a gevent timeout, a killed greenlet, Ctrl-C
        operation.abandon()
        call.wait(_CANCEL_SECONDS)  # nothing may be sent after the pending outcome is reported
        raise
    result, error = outcome
    if error is not None:
        raise error
    return result


def _catch(operation: Operation[ResultT]) -> tuple[ResultT | None, BaseException | None]:
    # The pool would print an exception.
    try:
        return operation.run(), None
    except BaseException as error:  # noqa: BLE001  # raised again in the greenlet
        return None, error


def _check_event_loop() -> None:
    """Reject a call outside of asyncio before anything is sent."""
    try:
        import_module("asyncio").get_running_loop()
    except RuntimeError as error:
        raise RuntimeError(
            "the _async methods need a running asyncio event loop. Under trio, call the sync "
            "method in a thread: await trio.to_thread.run_sync(atlas.take_snapshot, ...)"
        ) from error


def _throw_into(
    effects: Effects[Any], error: BaseException, operation: Operation[Any]
) -> Operation[Any]:
    """Throw an error into the effects and return their next operation.

    The error is that of the operation, or of a signal handler at any time after it. Effects that
    have ended raise it again.
    """
    __tracebackhide__ = True
    try:
        operation.cancel()
        return effects.throw(error)
    except BaseException as end:
        _add_pending_outcome(end, operation)
        raise


def _add_pending_outcome(error: BaseException, operation: Operation[Any]) -> BaseException:
    """Add the ambiguous outcome of an interrupted take as the context of the interruption."""
    if not isinstance(error, AtlasError):
        pending = operation.pending_outcome()
        if pending is not None:
            chain_context(error, pending)
    return error


def chain_context(error: BaseException, context: AtlasError) -> None:
    """Insert an exception between an error and its `__context__`."""
    context.__context__ = error.__context__
    error.__context__ = context
