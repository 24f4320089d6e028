"""Where a client's credentials come from: fixed ones, or a callable that is asked for them."""

from __future__ import annotations

from _thread import TIMEOUT_MAX, RLock  # that of `threading`, which takes its time to import
from collections.abc import Callable, Coroutine
from typing import Generic, TypeAlias, TypeGuard, TypeVar, cast

from atlas_backups import _core
from atlas_backups._core import Client, Credential
from atlas_backups.errors import RequestTimeoutError

Given: TypeAlias = Credential | Callable[[], Credential] | None
ValueT = TypeVar("ValueT")

_FIXED = 1
"""The generation of credentials that are never replaced."""


class Hidden(Generic[ValueT]):
    """Something whose `repr` may hold a secret, so that nothing shows it by accident.

    Args:
        it: the thing itself.
    """

    __slots__ = ("it",)

    def __init__(self, it: ValueT) -> None:
        self.it: ValueT = it

    def __repr__(self) -> str:
        return f"<hidden {type(self.it).__name__}>"


class CredentialSource:
    """Asks a callable one call at a time, and only when nobody else just has.

    Args:
        core: gets the credentials.
        given: what the constructor of the client was given.
        longest_wait: seconds that a call waits for another one that is asking.
    """

    __slots__ = ("_core", "_given", "_lock", "_longest_wait", "_provider")

    def __init__(self, core: Client, given: Hidden[Given], longest_wait: float) -> None:
        self._given = given
        self._core = core
        self._longest_wait = longest_wait
        self._lock = (_core.process(), RLock())
        self._provider: Hidden[Callable[[], Credential]] | None = None
        if given.it is None:
            core.set_credentials(_core.credentials_from_environment())
        elif _is_provider(given.it):
            self._provider = Hidden(given.it)
        else:
            core.set_credentials(cast("Credential", given.it))

    def first(self) -> int:
        """Ask for credentials if nobody has yet; return which ones are in use."""
        if self._provider is None:
            return _FIXED
        if self._core.generation or self._core.closed:
            return self._core.generation
        return self._replace(self._provider, 0)

    def has_other(self, refused: int) -> bool:
        """Ask for others, unless another call did since; a refused request was not acted on."""
        return self._provider is not None and self._replace(self._provider, refused) != refused

    def _replace(self, provider: Hidden[Callable[[], Credential]], refused: int) -> int:
        lock = self._asking()
        is_nested = _is_owned(lock)  # by a call that the callable makes itself
        try:
            # The callable may wait for the event loop of a call that waits here.
            if not lock.acquire(timeout=min(self._longest_wait, TIMEOUT_MAX)):
                raise RequestTimeoutError(
                    "total_timeout ended while another call waited for the credentials callable"
                )
            if self._core.generation != refused:
                return self._core.generation
            return self._core.set_credentials(_asked(provider))
        finally:
            # Asked, because a signal handler may raise at the very end of `acquire`.
            if not is_nested:
                while _is_owned(lock):
                    lock.release()

    def _asking(self) -> RLock:
        owner, lock = self._lock
        if owner != _core.process():
            # A thread of the parent may have held it when this process was forked.
            lock = RLock()
            self._lock = (_core.process(), lock)
        return lock

    def __repr__(self) -> str:
        if self._given.it is None:
            return "the environment"
        if isinstance(self._given.it, _core.Credential):
            return repr(self._given.it)
        # Its own repr may show what it holds.
        name = getattr(self._given.it, "__qualname__", None) or type(self._given.it).__name__
        return f"callable {name}"

    def reduced(self) -> Given:
        """Return what may stand in a pickle.

        Raises:
            TypeError: it is a secret, or may hold one.
        """
        if self._provider and not _is_pickled_by_name(self._given.it):
            raise TypeError(
                "cannot pickle AtlasBackups: the callable that gives its credentials may hold a "
                "secret; only a function of a module is pickled by its name alone"
            )
        if not self._provider and self._given.it is not None:
            raise TypeError(
                "cannot pickle AtlasBackups: its credentials are a secret; leave them to the "
                "environment, or give a callable that fetches them"
            )
        return self._given.it


def _asked(provider: Hidden[Callable[[], Credential]]) -> Credential:
    """Ask a callable; refuse what makes two calls out of one.

    Everything is hidden, because a traceback may show the variables of this frame.

    Raises:
        RuntimeError: this is a child that it forked; the call goes on in the parent.
    """
    asking = _core.process()
    given = Hidden(provider.it())
    if _core.process() != asking:
        raise RuntimeError(
            "the credentials callable forked in the middle of this call, which goes on in the "
            "parent only"
        )
    if isinstance(given.it, Coroutine):
        given.it.close()  # it is refused, and Python would warn that nobody awaits it
    return given.it


def _is_owned(lock: RLock) -> bool:
    return lock._is_owned()  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001


def _is_provider(given: Given) -> TypeGuard[Callable[[], Credential]]:
    return callable(given) and not isinstance(given, _core.Credential)


def _is_pickled_by_name(provide: object) -> bool:
    from types import FunctionType  # noqa: PLC0415  # not needed to import the package

    return isinstance(provide, FunctionType)
