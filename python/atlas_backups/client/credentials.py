"""The credentials of a client: fixed, from the environment, or from a callable."""

from __future__ import annotations

from _thread import TIMEOUT_MAX, RLock  # as in `threading`, which is slow to import
from collections.abc import Callable, Coroutine
from typing import Generic, TypeAlias, TypeGuard, TypeVar, cast

from atlas_backups import _core
from atlas_backups._core import Client, Credential
from atlas_backups.errors import RequestTimeoutError

CredentialsLike: TypeAlias = Credential | Callable[[], Credential] | None
"""What the constructor takes: credentials, a callable that returns them, or `None`."""
ValueT = TypeVar("ValueT")

_FIXED = 1
"""The generation of credentials that are never replaced."""


class Redacted(Generic[ValueT]):
    """Wraps a value whose `repr` may contain a secret.

    Args:
        value: the value.
    """

    __slots__ = ("value",)

    def __init__(self, value: ValueT) -> None:
        self.value: ValueT = value

    def __repr__(self) -> str:
        return f"<redacted {type(self.value).__name__}>"


class CredentialSource:
    """Provides the core with credentials; only one call at a time runs the callable.

    Args:
        core: receives the credentials.
        given: the argument of the client's constructor.
        lock_timeout: seconds that a call waits for another one that runs the callable.
    """

    __slots__ = ("_core", "_given", "_lock", "_lock_timeout", "_provider")

    def __init__(self, core: Client, given: Redacted[CredentialsLike], lock_timeout: float) -> None:
        self._given = given
        self._core = core
        self._lock_timeout = lock_timeout
        self._lock = (_core.process(), RLock())
        self._provider: Redacted[Callable[[], Credential]] | None = None
        if given.value is None:
            core.set_credentials(_core.credentials_from_environment())
        elif _is_provider(given.value):
            self._provider = Redacted(given.value)
        else:
            core.set_credentials(cast("Credential", given.value))

    def ensure(self) -> int:
        """Run the callable unless there are credentials; return their generation."""
        if self._provider is None:
            return _FIXED
        if self._core.generation or self._core.closed:
            return self._core.generation
        return self._replace(self._provider, 0)

    def refresh_after(self, rejected: int) -> bool:
        """Return whether there are newer credentials than a rejected generation.

        Runs the callable unless another call has replaced them. Atlas did not process the rejected
        request.
        """
        return self._provider is not None and self._replace(self._provider, rejected) != rejected

    def _replace(self, provider: Redacted[Callable[[], Credential]], rejected: int) -> int:
        lock = self._current_lock()
        is_nested = _is_owned(lock)  # by a call that the callable makes
        try:
            # The callable may depend on the event loop of a call that waits here.
            if not lock.acquire(timeout=min(self._lock_timeout, TIMEOUT_MAX)):
                raise RequestTimeoutError(
                    "total_timeout ended while another call waited for the credentials callable"
                )
            if self._core.generation != rejected:
                return self._core.generation
            return self._core.set_credentials(_call(provider))
        finally:
            # Checked, because a signal handler may raise at the very end of `acquire`.
            if not is_nested:
                while _is_owned(lock):
                    lock.release()

    def _current_lock(self) -> RLock:
        owner, lock = self._lock
        if owner != _core.process():
            # Another thread may have held the lock when this process was forked.
            lock = RLock()
            self._lock = (_core.process(), lock)
        return lock

    def __repr__(self) -> str:
        if self._given.value is None:
            return "the environment"
        if isinstance(self._given.value, _core.Credential):
            return repr(self._given.value)
        # The repr of a callable may contain a secret.
        name = getattr(self._given.value, "__qualname__", None) or type(self._given.value).__name__
        return f"callable {name}"

    def to_pickle(self) -> CredentialsLike:
        """Return the constructor's argument if a pickle may contain it.

        Raises:
            TypeError: it is or may contain a secret.
        """
        if self._provider and not _is_pickled_by_name(self._given.value):
            raise TypeError(
                "cannot pickle AtlasBackups: its credentials callable may hold a secret; only a "
                "function of a module is pickled by its name alone"
            )
        if not self._provider and self._given.value is not None:
            raise TypeError(
                "cannot pickle AtlasBackups: its credentials are a secret; leave them to the "
                "environment, or pass a callable that fetches them"
            )
        return self._given.value


def _call(provider: Redacted[Callable[[], Credential]]) -> Credential:
    """Run the callable; everything is redacted, because a traceback may show these locals.

    Raises:
        RuntimeError: this is a child that the callable forked; the call continues in the parent.
    """
    process = _core.process()
    given = Redacted(provider.value())
    if _core.process() != process:
        raise RuntimeError(
            "the credentials callable forked during this call, which continues only in the parent "
            "process"
        )
    if isinstance(given.value, Coroutine):
        given.value.close()  # it is rejected; Python would warn that it was never awaited
    return given.value


def _is_owned(lock: RLock) -> bool:
    return lock._is_owned()  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001


def _is_provider(given: CredentialsLike) -> TypeGuard[Callable[[], Credential]]:
    return callable(given) and not isinstance(given, _core.Credential)


def _is_pickled_by_name(provide: object) -> bool:
    from types import FunctionType  # noqa: PLC0415  # not needed to import the package

    return isinstance(provide, FunctionType)
