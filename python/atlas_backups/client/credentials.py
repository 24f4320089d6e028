"""Where a client's credentials come from: fixed ones, or a callable that is asked for them."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeAlias, cast

from atlas_backups import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_backups._core import Client, Credential

Given: TypeAlias = "Credential | Callable[[], Credential] | None"


class CredentialSource:
    """Asks a callable one call at a time, and only when nobody else just has.

    Args:
        core: gets the credentials.
        given: what the constructor of the client was given.
    """

    __slots__ = ("_core", "_lock", "_provide", "given")

    def __init__(self, core: Client, given: Given) -> None:
        self.given = given
        self._core = core
        self._provide: Callable[[], Credential] | None = None
        self._lock = (os.getpid(), threading.RLock())
        if given is None:
            core.set_credentials(_core.credentials_from_environment())
        elif callable(given) and not isinstance(given, _core.Credential):
            self._provide = given
        else:
            core.set_credentials(given)

    def first(self) -> int:
        """Ask for credentials if nobody has yet; return which ones are in use."""
        if self._provide and not (self._core.generation or self._core.closed):
            return self._replace(0)
        return self._core.generation

    def has_other(self, refused: int) -> bool:
        """Ask for others, unless another call did since; a refused request was not acted on."""
        return self._provide is not None and self._replace(refused) != refused

    def _replace(self, refused: int) -> int:
        with self._asking():
            if self._core.generation != refused or self._provide is None:
                return self._core.generation
            return self._core.set_credentials(self._provide())

    def _asking(self) -> threading.RLock:
        owner, lock = self._lock
        if owner != os.getpid():
            # A thread of the parent may have held it when this process was forked.
            lock = threading.RLock()
            self._lock = (os.getpid(), lock)
        return lock

    def __repr__(self) -> str:
        if self.given is None:
            return "the environment"
        if self._provide is None:
            return repr(self.given)
        # Its own repr may show what it holds.
        name = getattr(self.given, "__qualname__", None) or type(self.given).__name__
        return f"callable {name}"

    def reduced(self) -> Given:
        """Return what may stand in a pickle.

        Raises:
            TypeError: it is a secret, or may hold one.
        """
        if self._provide is not None and not _is_pickled_by_name(self._provide):
            raise TypeError(
                "cannot pickle AtlasBackups: the callable that gives its credentials may hold a "
                "secret; only a function of a module is pickled by its name alone"
            )
        if self._provide is None and self.given is not None:
            raise TypeError(
                "cannot pickle AtlasBackups: its credentials are a secret; leave them to the "
                "environment, or give a callable that fetches them"
            )
        return self.given


def _is_pickled_by_name(provide: Callable[[], Credential]) -> bool:
    from types import FunctionType  # noqa: PLC0415  # not needed to import the package

    return isinstance(cast("object", provide), FunctionType)
