"""`AtlasBackups` itself: its options, its life, its pickles."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from atlas_backups import _core
from atlas_backups._core import Operation
from atlas_backups._optional import Self
from atlas_backups.client.credentials import CredentialsLike, CredentialSource, Redacted
from atlas_backups.client.fleet import FleetMethods
from atlas_backups.client.inventory import InventoryMethods
from atlas_backups.client.sansio import Effects, run_async, run_sync
from atlas_backups.client.snapshots import SnapshotMethods
from atlas_backups.client.take import TakeMethods
from atlas_backups.errors import ClientClosedError, ConfigurationError

ClientT = TypeVar("ClientT", bound="AtlasBackups")


class AtlasBackups(TakeMethods, SnapshotMethods, FleetMethods, InventoryMethods):
    """A client for on-demand snapshots of MongoDB Atlas clusters.

    Share one client: it holds a connection pool and a token. It is safe to use from many threads
    and event loops and on both sides of a fork; a forked child opens its own connections, and gets
    its own token unless `token_cache` shares one. The constructor sends nothing and starts no
    thread.

    It is a context manager, sync and async. After `close()` every call raises
    `ClientClosedError`, and so does entering it again. It can be pickled only without secrets:
    with credentials from the environment or from a function of a module.

    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Args:
        credentials: `ServiceAccount`, `ApiKey`, `AccessToken`, or a callable without arguments
            that returns one of them. The callable runs at the first call, and again when Atlas
            rejects its credentials, once at a time, on the thread (or the event loop) of the call;
            timeouts do not apply to it. `None`: from the environment, in this order:
            `MONGODB_ATLAS_ACCESS_TOKEN`;
            `MONGODB_ATLAS_CLIENT_ID` and `MONGODB_ATLAS_CLIENT_SECRET`;
            `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY` (also
            `MONGODB_ATLAS_PUBLIC_KEY` and `MONGODB_ATLAS_PRIVATE_KEY`).
        base_url: `https` URL of Atlas (or `http` on a loopback address), without the path of the
            API; the path prefix of a gateway is allowed. `None`: `MONGODB_ATLAS_BASE_URL` or
            `MONGODB_ATLAS_OPS_MANAGER_URL`, or `https://cloud.mongodbgov.com` if
            `MONGODB_ATLAS_SERVICE` is `cloudgov`, else `https://cloud.mongodb.com`. Variables with
            different URLs are an error.
        connect_timeout: seconds to open a connection, TLS included; finite and above 0.
        timeout: seconds for one attempt, its complete response included; finite and above 0.
        total_timeout: seconds for one call with all its retries; finite and above 0.
        max_retries: how often a request that is safe to repeat is repeated; 0: never. A take that
            Atlas may have processed is never repeated.
        token_cache: file in which processes share the token of a service account, because Atlas
            limits how many it grants. It and `<file>.lock` are created with mode 0600; a symbolic
            link, a file of another user or one that others can open is rejected (on Unix; elsewhere
            the directory must restrict access). `close()` does not revoke a token in it. A disk
            that does not respond within 2 s, or a process that holds the lock for half of
            `total_timeout` (30 s at most), costs a call that time, and the call uses a token that
            is not shared. A relative path is relative to the working directory, `~` is not
            expanded. `None`: the token stays in memory, and `close()` revokes it. Other kinds of
            credentials do not use the file.
        proxy: URL of an http(s) proxy. `None`: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; a proxy
            from the environment that is needed but invalid is an error. Loopback addresses never
            use a proxy.
        ca_file: PEM file of certificates to trust besides those of the system. `SSL_CERT_FILE` and
            `SSL_CERT_DIR` replace those of the system. `None`: no others.
        user_agent_suffix: printable ASCII to append to the `User-Agent`. `None`: nothing.

    Raises:
        ConfigurationError: an option is invalid, or there are no credentials; the message names
            the option or the environment variables.
    """

    # With a `__dict__`, `unittest.mock.patch.object` can replace a method of one client.
    __slots__ = ("__dict__", "__weakref__", "_options")

    def __init__(  # noqa: PLR0913  # options of one thing, keyword-only
        self,
        credentials: CredentialsLike = None,
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
        # Tools that show the locals of a traceback must find no secret.
        given, url, proxy_url = Redacted(credentials), Redacted(base_url), Redacted(proxy)
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
            base_url=url.value,
            connect_timeout=connect_timeout,
            timeout=timeout,
            total_timeout=total_timeout,
            max_retries=max_retries,
            token_cache=token_cache,
            proxy=proxy_url.value,
            ca_file=ca_file,
            user_agent=_user_agent(user_agent_suffix),
        )
        self._options["base_url"] = url.value  # the core rejects one with a password
        self._source = CredentialSource(self._core, given, total_timeout)

    def close(self) -> None:
        """Close the client: revoke its token, best effort (0.3 s), and reject every later call.

        A token in `token_cache` is not revoked. Calls in flight continue; one that Atlas rejects
        because the token is revoked raises `ClientClosedError`, and took no snapshot. A second
        call does nothing.
        """
        operation = self._core.close()
        if operation is not None:
            run_sync(_single(operation))

    async def aclose(self) -> None:
        """Close the client: revoke its token, best effort (0.3 s), and reject every later call.

        A token in `token_cache` is not revoked. Calls in flight continue; one that Atlas rejects
        because the token is revoked raises `ClientClosedError`, and took no snapshot. A second
        call does nothing.
        """
        operation = self._core.close()
        if operation is not None:
            await run_async(_single(operation))

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
        if not hasattr(self, "_source"):  # in the traceback of a failed constructor
            return f"<{type(self).__name__}, not constructed>"
        state = ", closed" if self._core.closed else ""
        return f"<AtlasBackups {self._core.base_url}, credentials: {self._source!r}{state}>"

    if not TYPE_CHECKING:  # a type checker would allow every name

        def __setattr__(self, name: str, value: object) -> None:
            if not hasattr(type(self), name):
                raise AttributeError(f"AtlasBackups has no attribute {name!r}")
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[object, ...]:
        options = {**self._options, "proxy": self._core.proxy_to_pickle()}
        return _rebuild, (type(self), self._source.to_pickle(), options)


def _single(operation: Operation[None]) -> Effects[None]:
    yield operation


def _rebuild(cls: type[ClientT], credentials: CredentialsLike, options: dict[str, Any]) -> ClientT:
    """Construct a client from a pickle, which refers to this function by name."""
    return cls(credentials, **options)


def _user_agent(suffix: str | None) -> str:
    if suffix is not None and not isinstance(suffix, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without types
        raise ConfigurationError("user_agent_suffix must be a str")
    if suffix and not (suffix.isascii() and suffix.isprintable()):
        raise ConfigurationError("user_agent_suffix must be printable ASCII")
    version = ".".join(str(part) for part in sys.version_info[:3])
    own = f"atlas-backups/{_core.__version__} (python/{version}; {sys.platform})"
    return f"{own} {suffix}" if suffix else own
