"""`AtlasBackups` itself: its options, its life, its pickles."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from atlas_backups import _core
from atlas_backups._optional import Self
from atlas_backups.client.coverage import CoverageMethods
from atlas_backups.client.credentials import CredentialSource, Given, Hidden
from atlas_backups.client.drive import drive, drive_async
from atlas_backups.client.fleet import FleetMethods
from atlas_backups.client.inventory import InventoryMethods
from atlas_backups.client.snapshots import SnapshotMethods
from atlas_backups.client.take import TakeMethods
from atlas_backups.client.wait import WaitMethods
from atlas_backups.errors import ClientClosedError, ConfigurationError

if TYPE_CHECKING:
    from atlas_backups._core import Operation
    from atlas_backups.client.drive import Steps

ClientT = TypeVar("ClientT", bound="AtlasBackups")


class AtlasBackups(
    TakeMethods, SnapshotMethods, WaitMethods, FleetMethods, InventoryMethods, CoverageMethods
):
    """Takes on-demand snapshots of MongoDB Atlas clusters.

    One client holds one pool of connections and one token: share it. It may be used from many
    threads, from many event loops and on both sides of a fork at the same time; a forked child
    gets connections of its own, and a token of its own unless `token_cache` shares one. Making
    one sends nothing and starts no thread.

    It is a context manager, sync and async. After `close()` every call raises
    `ClientClosedError`, and so does entering it again. It pickles only where no secret would be in
    the pickle: with credentials from the environment or from a function of a module.

    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Args:
        credentials: `ServiceAccount`, `ApiKey`, `AccessToken`, or a callable without arguments
            that returns one of them; it is asked at the first call, and again when Atlas refuses
            what it gave, by one call at a time, on the thread (or the loop) of that call, whose
            times do not bound it. `None`: the environment's, in this order:
            `MONGODB_ATLAS_ACCESS_TOKEN`;
            `MONGODB_ATLAS_CLIENT_ID` and `MONGODB_ATLAS_CLIENT_SECRET`;
            `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY` (also
            `MONGODB_ATLAS_PUBLIC_KEY` and `MONGODB_ATLAS_PRIVATE_KEY`).
        base_url: the address of Atlas, `https` (or `http` to a loopback address), without the path
            of the API; a path prefix of a gateway is allowed. `None`: `MONGODB_ATLAS_BASE_URL` or
            `MONGODB_ATLAS_OPS_MANAGER_URL`, or `https://cloud.mongodbgov.com` where
            `MONGODB_ATLAS_SERVICE` is `cloudgov`, else `https://cloud.mongodb.com`. Variables that
            give different addresses are an error.
        connect_timeout: seconds to make one connection, TLS included; finite and above 0.
        timeout: seconds for one attempt, the whole answer included; finite and above 0.
        total_timeout: seconds for one call with all its retries; finite and above 0.
        max_retries: how often what is safe to repeat is repeated; 0: never. A snapshot that may
            have been taken is never asked for again.
        token_cache: file in which processes share the token of a service account, for many tasks
            at once: Atlas grants few. It and `<file>.lock` beside it are made where they are not
            there, mode 0600; a symbolic link, a file of another user or one that others can open
            is refused (on Unix; elsewhere the directory must keep others out). `close()` does not
            end a token in it. A disk that does not answer within 2 s, or a process that keeps the
            lock for half of `total_timeout` (30 s at most), costs a call that time and a token that
            it does not share. A relative path counts from the working directory, `~` is not
            expanded. `None`: the token stays in memory and is ended by `close()`. Other kinds of
            credentials do not use it.
        proxy: URL of an http(s) proxy. `None`: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; a proxy
            of the environment that is needed but cannot be used is an error. Loopback addresses
            never go through one.
        ca_file: PEM file of certificates to trust besides the system's. `SSL_CERT_FILE` and
            `SSL_CERT_DIR` take the place of the system's. `None`: no others.
        user_agent_suffix: printable ASCII that ends the `User-Agent`. `None`: nothing.

    Raises:
        ConfigurationError: an option cannot be used, or there are no credentials; the message
            names the option or the environment variables.
    """

    # With a `__dict__`, `unittest.mock.patch.object` can replace a method of one client.
    __slots__ = ("__dict__", "__weakref__", "_options")

    def __init__(  # noqa: PLR0913  # options of one thing, keyword-only
        self,
        credentials: Given = None,
        *,
        base_url: str | None = None,
        connect_timeout: float = 10.0,
        timeout: float = 60.0,
        total_timeout: float = 300.0,
        max_retries: int = 4,
        token_cache: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        user_agent_suffix: str | None = None,
    ) -> None:
        # Tools that show the locals of a traceback's frames find no secret in these.
        given, url, proxy_url = Hidden(credentials), Hidden(base_url), Hidden(proxy)
        del credentials, base_url, proxy
        self._options: dict[str, Any] = {
            "connect_timeout": connect_timeout,
            "timeout": timeout,
            "total_timeout": total_timeout,
            "max_retries": max_retries,
            "token_cache": token_cache,
            "ca_file": ca_file,
            "user_agent_suffix": user_agent_suffix,
        }
        self._core = _core.Client(
            base_url=url.it,
            connect_timeout=connect_timeout,
            timeout=timeout,
            total_timeout=total_timeout,
            max_retries=max_retries,
            token_cache=token_cache,
            proxy=proxy_url.it,
            ca_file=ca_file,
            user_agent=_user_agent(user_agent_suffix),
        )
        self._options["base_url"] = url.it  # by now it is known to hold no password
        self._source = CredentialSource(self._core, given, total_timeout)

    def close(self) -> None:
        """Close the client: end its token, best effort (3 s), and refuse every later call.

        A token that `token_cache` shares is left to the others.

        Calls in flight go on; one that Atlas refuses because its token has ended raises
        `ClientClosedError`, and took nothing. A second `close()` does nothing.
        """
        operation = self._core.close()
        if operation is not None:
            drive(_once(operation))

    async def aclose(self) -> None:
        """Call `close` from asyncio."""
        operation = self._core.close()
        if operation is not None:
            await drive_async(_once(operation))

    def __enter__(self) -> Self:
        return self._opened()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self._opened()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _opened(self) -> Self:
        if self._core.closed:
            raise ClientClosedError("the client is closed")
        return self

    def __repr__(self) -> str:
        if not hasattr(self, "_source"):  # as in the traceback of a refused one
            return f"<{type(self).__name__}, refused>"
        state = ", closed" if self._core.closed else ""
        return f"<AtlasBackups {self._core.base_url}, credentials: {self._source!r}{state}>"

    if not TYPE_CHECKING:  # where it would allow every name

        def __setattr__(self, name: str, value: object) -> None:
            if not hasattr(type(self), name):
                raise AttributeError(f"AtlasBackups has no attribute {name!r}")
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[object, ...]:
        options = {**self._options, "proxy": self._core.proxy_to_pickle()}
        return _rebuild, (type(self), self._source.reduced(), options)


def _once(operation: Operation[None]) -> Steps[None]:
    yield operation


def _rebuild(cls: type[ClientT], credentials: Given, options: dict[str, Any]) -> ClientT:
    """Make a client again; pickles name this function, so it keeps its name."""
    return cls(credentials, **options)


def _user_agent(suffix: str | None) -> str:
    if suffix is not None and not isinstance(suffix, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without types
        raise ConfigurationError("user_agent_suffix must be a str")
    if suffix and not (suffix.isascii() and suffix.isprintable()):
        raise ConfigurationError("user_agent_suffix must be printable ASCII")
    version = ".".join(str(part) for part in sys.version_info[:3])
    own = f"atlas-backups/{_core.__version__} (python/{version}; {sys.platform})"
    return f"{own} {suffix}" if suffix else own
