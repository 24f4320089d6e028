"""The client: `AtlasBackups`, its sync methods and their asyncio twins."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

from atlas_backups import _core
from atlas_backups.errors import ConfigurationError, UnauthorizedError
from atlas_backups.models import RawResponse

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from atlas_backups._core import Credential, Operation
    from atlas_backups.models import Snapshot

ResultT = TypeVar("ResultT")
ClientT = TypeVar("ClientT", bound="AtlasBackups")

_UNAUTHORIZED = 401


class AtlasBackups:
    """Takes on-demand snapshots of MongoDB Atlas clusters.

    One client holds one pool of connections and one token: share it. It may be used from many
    threads, from many event loops and on both sides of a fork at the same time; a forked child
    gets connections of its own, and a token of its own unless `token_cache` shares one. Making
    one sends nothing and starts no thread.

    It is a context manager, sync and async. After `close()` every call raises
    `ClientClosedError`. It pickles only where no secret would be in the pickle: with credentials
    from the environment or from a callable that pickles itself.

    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Args:
        credentials: `ServiceAccount`, `ApiKey`, `AccessToken`, or a callable without arguments
            that returns one of them; it is asked at the first call, and again when Atlas refuses
            what it gave. `None`: the environment's, in this order: `MONGODB_ATLAS_ACCESS_TOKEN`;
            `MONGODB_ATLAS_CLIENT_ID` and `MONGODB_ATLAS_CLIENT_SECRET`;
            `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY` (also
            `MONGODB_ATLAS_PUBLIC_KEY` and `MONGODB_ATLAS_PRIVATE_KEY`).
        base_url: where Atlas is, `https` (or `http` to a loopback address), a path prefix allowed.
            `None`: `MONGODB_ATLAS_BASE_URL` or `MONGODB_ATLAS_OPS_MANAGER_URL`, else
            `https://cloud.mongodb.com`; for US government `https://cloud.mongodbgov.com`.
        connect_timeout: seconds to make one connection, TLS included; finite and above 0.
        timeout: seconds for one attempt, the whole answer included; finite and above 0.
        total_timeout: seconds for one call with all its retries; finite and above 0.
        max_retries: how often what is safe to repeat is repeated; 0: never. A snapshot that may
            have been taken is never asked for again.
        token_cache: file in which processes share the token of a service account, for many tasks
            at once: Atlas grants few. It and `<file>.lock` beside it are made where they are not
            there, mode 0600; a symbolic link, a file of another user or one that others can open
            is refused (on Unix; elsewhere the directory must keep others out). `close()` does not
            end a token in it. A relative path counts from the working directory, `~` is not
            expanded. `None`: the token stays in memory and is ended by `close()`. Other kinds of
            credentials do not use it.
        proxy: URL of an http(s) proxy. `None`: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.
            Loopback addresses never go through a proxy.
        ca_file: PEM file of certificates to trust besides the system's. `SSL_CERT_FILE` and
            `SSL_CERT_DIR` take the place of the system's. `None`: no others.
        user_agent_suffix: printable ASCII that ends the `User-Agent`. `None`: nothing.

    Raises:
        ConfigurationError: an option cannot be used, or there are no credentials; the message
            names the option or the environment variables.
    """

    __slots__ = ("__weakref__", "_core", "_credentials", "_options")

    def __init__(  # noqa: PLR0913  # options of one thing, keyword-only
        self,
        credentials: Credential | Callable[[], Credential] | None = None,
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
        self._credentials = credentials
        self._options: dict[str, Any] = {
            "base_url": base_url,
            "connect_timeout": connect_timeout,
            "timeout": timeout,
            "total_timeout": total_timeout,
            "max_retries": max_retries,
            "token_cache": token_cache,
            "proxy": proxy,
            "ca_file": ca_file,
            "user_agent_suffix": user_agent_suffix,
        }
        self._core = _core.Client(
            base_url=base_url,
            connect_timeout=connect_timeout,
            timeout=timeout,
            total_timeout=total_timeout,
            max_retries=max_retries,
            token_cache=token_cache,
            proxy=proxy,
            ca_file=ca_file,
            user_agent=_user_agent(user_agent_suffix),
        )
        if credentials is None:
            self._core.set_credentials(_core.credentials_from_environment())
        elif isinstance(credentials, _core.Credential) or not callable(credentials):
            self._core.set_credentials(credentials)

    def take_snapshot(  # noqa: PLR0913  # the arguments of the API, keyword-only
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        envelope: bool = False,
        pretty: bool = False,
    ) -> Snapshot:
        """Take one on-demand snapshot of a cluster.

        Atlas takes it in the background: what comes back is `"queued"`. The request is sent
        again only when it certainly was not acted on.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 hexadecimal digits in lower case.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to keep with the snapshot, without control characters. `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: what Atlas chooses.
            envelope: have Atlas wrap its answer together with the status; the result is the same.
            pretty: have Atlas indent its answer; the result is the same.

        Returns:
            A `ReplicaSetSnapshot` or a `ShardedClusterSnapshot`; a plain `Snapshot` for a type
            that this version does not know.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            AmbiguousOutcomeError: the snapshot may have been taken or not; `.cause` says why that
                is not known. Nothing was sent again.
            ApiError: Atlas refused; its class says why. No snapshot was taken.
            TransportError: Atlas could not be reached. No snapshot was taken.
            RequestTimeoutError: the time was over before the request was sent.
            ClientClosedError: the client was closed before.
        """
        return self._run(
            self._core.take_snapshot(
                group_id,
                cluster_name,
                description=description,
                retention_in_days=retention_in_days,
                envelope=envelope,
                pretty=pretty,
            )
        )

    async def take_snapshot_async(  # noqa: PLR0913  # the same
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        envelope: bool = False,
        pretty: bool = False,
    ) -> Snapshot:
        """Call `take_snapshot` from asyncio."""
        return await self._run_async(
            self._core.take_snapshot(
                group_id,
                cluster_name,
                description=description,
                retention_in_days=retention_in_days,
                envelope=envelope,
                pretty=pretty,
            )
        )

    def take_snapshot_raw(  # noqa: PLR0913  # the same
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        envelope: bool = False,
        pretty: bool = False,
    ) -> RawResponse:
        """Take one on-demand snapshot, and get Atlas' answer as it came.

        Authentication is done as for `take_snapshot`, everything else is left to you: an answer
        of any status is returned, none is raised, none is waited for.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 hexadecimal digits in lower case.
            cluster_name: name of the cluster: letters, digits and hyphens, at most 64.
            description: text to keep with the snapshot, without control characters. `None`: none.
            retention_in_days: days to keep it, 1 to 2147483647. `None`: what Atlas chooses.
            envelope: have Atlas wrap its answer together with the status.
            pretty: have Atlas indent its answer.

        Returns:
            Status and headers of HTTP, and the body as text.

        Raises:
            InvalidArgumentError: an argument cannot be right; nothing was sent.
            AmbiguousOutcomeError: no whole answer came, but the snapshot may have been taken.
            ApiError: the token endpoint refused the service account. No snapshot was taken.
            TransportError: Atlas could not be reached. No snapshot was taken.
            RequestTimeoutError: the time was over before the request was sent.
            ClientClosedError: the client was closed before.
        """
        return self._run(
            self._core.take_snapshot_raw(
                group_id,
                cluster_name,
                description=description,
                retention_in_days=retention_in_days,
                envelope=envelope,
                pretty=pretty,
            )
        )

    async def take_snapshot_raw_async(  # noqa: PLR0913  # the same
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None = None,
        retention_in_days: int | None = None,
        envelope: bool = False,
        pretty: bool = False,
    ) -> RawResponse:
        """Call `take_snapshot_raw` from asyncio."""
        return await self._run_async(
            self._core.take_snapshot_raw(
                group_id,
                cluster_name,
                description=description,
                retention_in_days=retention_in_days,
                envelope=envelope,
                pretty=pretty,
            )
        )

    def close(self) -> None:
        """Close the client: end its token, best effort (3 s), and refuse every later call.

        A token that `token_cache` shares is left to the others.

        Calls in flight go on; one that Atlas refuses because its token has ended raises
        `ClientClosedError`, and took nothing. A second `close()` does nothing.
        """
        operation = self._core.close()
        if operation is not None:
            operation.blocking()

    async def aclose(self) -> None:
        """Call `close` from asyncio."""
        operation = self._core.close()
        if operation is not None:
            await _await(operation)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        source = "the environment" if self._credentials is None else repr(self._credentials)
        state = ", closed" if self._core.closed else ""
        return f"<AtlasBackups {self._core.base_url}, credentials: {source}{state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        proxy = self._options["proxy"]
        if proxy is not None and _core.has_credentials(proxy):
            raise TypeError("cannot pickle AtlasBackups: its proxy URL holds a password")
        if isinstance(self._credentials, _core.Credential):
            raise TypeError(
                "cannot pickle AtlasBackups: its credentials are a secret; leave them to the "
                "environment, or give a callable that fetches them"
            )
        return _rebuild, (type(self), self._credentials, self._options)

    def _run(self, operation: Operation[ResultT]) -> ResultT:
        generation = self._first_credentials()
        try:
            result = operation.blocking()
            if not _is_refusal(result) or not self._has_other_credentials(generation):
                return result
        except UnauthorizedError:
            if not self._has_other_credentials(generation):
                raise
        return operation.blocking()

    async def _run_async(self, operation: Operation[ResultT]) -> ResultT:
        generation = self._first_credentials()
        try:
            result = await _await(operation)
            if not _is_refusal(result) or not self._has_other_credentials(generation):
                return result
        except UnauthorizedError:
            if not self._has_other_credentials(generation):
                raise
        return await _await(operation)

    def _first_credentials(self) -> int:
        """Ask a callable for credentials if nobody has; return which ones are in use."""
        if self._core.generation or self._core.closed:
            return self._core.generation
        return self._ask()

    def _has_other_credentials(self, refused: int) -> bool:
        """Ask the callable again; a request that Atlas refused was not acted on."""
        if not _is_provider(self._credentials):
            return False
        return self._ask() != refused

    def _ask(self) -> int:
        provide = cast("Callable[[], Credential]", self._credentials)
        return self._core.set_credentials(provide())


async def _await(operation: Operation[ResultT]) -> ResultT:
    pending = operation.start()
    try:
        return await pending.future
    finally:
        pending.cancel()


def _is_refusal(result: object) -> bool:
    """Whether a raw answer says what an `UnauthorizedError` would."""
    return isinstance(result, RawResponse) and result.status == _UNAUTHORIZED


def _is_provider(credentials: object) -> bool:
    return callable(credentials) and not isinstance(credentials, _core.Credential)


def _rebuild(
    cls: type[ClientT], credentials: Callable[[], Credential] | None, options: dict[str, Any]
) -> ClientT:
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
