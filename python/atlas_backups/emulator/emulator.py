"""`AtlasEmulator`: the public interface of the emulator."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

# The module, so that the client is loaded only when one of its classes is used.
import atlas_backups

from .clock import Clock, SystemClock
from .faults import Fault, FaultScript, ScriptedFault
from .http_server import ConnectionHandler, Listener, check_loopback, check_threads
from .options import Behaviour, Limits, Options, Security
from .request_log import ReceivedRequest, RequestLog
from .seed import Credential, CredentialKind, World, default_world
from .service import AtlasService
from .snapshot import Plan, Status, StoredSnapshot
from .store import ScriptedPlan
from .views import flex_snapshot

EmulatorT = TypeVar("EmulatorT", bound="AtlasEmulator")
_CREDENTIAL_VARIABLES: tuple[tuple[CredentialKind, str, str], ...] = (
    ("service_account", "MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET"),
    ("api_key", "MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"),
)


@dataclass(frozen=True, kw_only=True)
class EmulatedSnapshot:
    """A snapshot in the emulator, at the time when `AtlasEmulator.snapshots` was read.

    Args:
        id: 24 hexadecimal digits.
        group_id: Its project.
        cluster_name: Its cluster.
        status: `queued`, `inProgress`, `completed` or `failed`.
        snapshot_type: `onDemand`, `scheduled` or `fallback`.
        description: None: no description.
        requested_at: When it was requested, in seconds since the epoch.
        part_ids: Ids of its parts, for a sharded cluster, visible or not.
        wire: Its JSON object.
    """

    id: str
    group_id: str
    cluster_name: str
    status: Status
    snapshot_type: str
    description: str | None
    requested_at: float
    part_ids: tuple[str, ...]
    wire: dict[str, Any] = field(hash=False)


class AtlasEmulator:
    """The Atlas Admin API on a loopback port: stateful, strict, without an account.

    A context manager. After `stop()` it can be started again, on the same port and with its state,
    to simulate an outage. Thread-safe. A forked child must not use its parent's emulator.

    Args:
        world: The initial content; None: `default_world()`.
        host: IPv4 loopback address to listen on.
        port: TCP port; 0: any free port.
        base_path: Prefix of every path, such as `/proxy`.
        snapshot_seconds: Duration of a snapshot; its phases keep the recorded proportions. 0:
            completed at once. The recorded one took 157.
        clock: Time source of everything but `Fault.delay`, `Fault.byte_delay` and `idle_seconds`;
            None: the system clock.
        behaviour: Behaviour that Atlas does not document.
        limits: Rate limits.
        security: Settings of authentication.
        idle_seconds: Real seconds after which an idle connection is closed.
        log: Called with every handled request, on the thread of its connection. Its exceptions
            are added to `failures` and do not affect the response.

    Raises:
        ValueError: An option is invalid.
        OSError: From `start()`: the port is taken.
    """

    def __init__(  # noqa: PLR0913 - options of one thing, all by name
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        base_path: str = "",
        snapshot_seconds: float = 1.5,
        clock: Clock | None = None,
        behaviour: Behaviour | None = None,
        limits: Limits | None = None,
        security: Security | None = None,
        idle_seconds: float = 75.0,
        log: Callable[[ReceivedRequest], None] | None = None,
    ) -> None:
        if base_path and (not base_path.startswith("/") or base_path.endswith("/")):
            raise ValueError(f"base_path must begin, and not end, with a slash: {base_path!r}")
        if not idle_seconds > 0:
            raise ValueError(f"idle_seconds must be above 0, not {idle_seconds!r}")
        Plan(seconds=snapshot_seconds)
        self.world: World = default_world() if world is None else world
        self.clock: Clock = SystemClock() if clock is None else clock
        self._host = check_loopback(host)
        self._port = port
        self._base_path = base_path
        self._idle_seconds = idle_seconds
        self._log = log
        self._options = Options(
            snapshot_seconds=snapshot_seconds,
            behaviour=behaviour or Behaviour(),
            limits=limits or Limits(),
            security=security or Security(),
        )
        self._request_log = RequestLog()
        self._script = FaultScript()
        self._service = AtlasService(
            self.world, self._options, self.clock, lambda: self.base_url, base_path
        )
        self._listener: Listener | None = None
        self._stopping = threading.Event()

    def __enter__(self: EmulatorT) -> EmulatorT:  # noqa: PYI019  # Self is in typing from 3.11 on
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "stopped" if self._listener is None else f"at {self.base_url}"
        return f"<AtlasEmulator {state}>"

    def start(self) -> None:
        """Start to listen.

        Raises:
            RuntimeError: It is already running, or eventlet has replaced threads and sockets.
            OSError: The port is taken.
        """
        if self._listener is not None:
            raise RuntimeError("the emulator is already running")
        check_threads()
        self._stopping = threading.Event()
        handler = ConnectionHandler(
            self._service, self._script, self._request_log, self._stopping, self._log
        )
        self._listener = Listener(self._host, self._port, handler.serve, self._idle_seconds)
        self._port = self._listener.port

    def stop(self) -> None:
        """Stop listening and close all connections; does nothing if it is not running."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._stopping.set()
            listener.close()

    @property
    def base_url(self) -> str:
        """The base URL for clients, available from the first `start()` on.

        Raises:
            RuntimeError: It was never started and has no port.
        """
        if not self._port:
            raise RuntimeError("start the emulator first: it has no port yet")
        return f"http://{self._host}:{self._port}{self._base_path}"

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that make other programs use the emulator.

        Both base-URL variables are set: the Atlas CLI up to 1.57 reads only the second one, and
        would send the credentials to Atlas. With both a service account and an API key, this
        package and the Terraform provider use the service account.
        """
        variables = {
            "MONGODB_ATLAS_BASE_URL": self.base_url,
            "MONGODB_ATLAS_OPS_MANAGER_URL": self.base_url,
        }
        for kind, id_name, secret_name in _CREDENTIAL_VARIABLES:
            with contextlib.suppress(LookupError):
                credential = self.credential(kind)
                variables |= {id_name: credential.id, secret_name: credential.secret}
        return {**variables, "MONGODB_ATLAS_PROJECT_ID": self.group_id}

    @property
    def credentials(self) -> atlas_backups.ServiceAccount:
        """The first service account of the world, as credentials of the client."""
        return self.service_account

    @property
    def service_account(self) -> atlas_backups.ServiceAccount:
        """The first service account of the world, as credentials of the client."""
        account = self.credential("service_account")
        return atlas_backups.ServiceAccount(account.id, account.secret)

    @property
    def api_key(self) -> atlas_backups.ApiKey:
        """The first API key of the world, as credentials of the client."""
        key = self.credential("api_key")
        return atlas_backups.ApiKey(key.id, key.secret)

    @property
    def access_token(self) -> atlas_backups.AccessToken:
        """The first access token of the world, as credentials of the client."""
        return atlas_backups.AccessToken(self.credential("access_token").secret)

    def credential(self, kind: CredentialKind, *, read_only: bool = False) -> Credential:
        """Return the first credential of a kind, with its secret.

        Args:
            kind: Service account, API key or access token.
            read_only: True: the first with the read-only role alone.

        Raises:
            LookupError: There is none.
        """
        for credential in self.world.credentials:
            only_reads = credential.roles <= {"GROUP_READ_ONLY"}
            if credential.kind == kind and (only_reads or not read_only):
                return credential
        raise LookupError(f"the world has no such credential: {kind}")

    @property
    def group_id(self) -> str:
        """Id of the first project."""
        return self.world.projects[0].id

    @property
    def cluster_name(self) -> str:
        """Name of the first project's first replica set that takes snapshots."""
        return self._cluster_name(sharded=False)

    @property
    def sharded_cluster_name(self) -> str:
        """Name of the first project's first sharded cluster that takes snapshots."""
        return self._cluster_name(sharded=True)

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """The requests received in full, in order."""
        return self._request_log.requests()

    def clear_requests(self) -> None:
        """Clear `requests`."""
        self._request_log.clear()

    @property
    def snapshots(self) -> tuple[EmulatedSnapshot, ...]:
        """All current snapshots regardless of lag, oldest first; without parts."""
        with self._service.lock:
            now = self._service.run_scheduled()
            found: list[EmulatedSnapshot] = []
            for project in self._service.store.projects.values():
                for state in project.clusters.values():
                    self._service.store.drop_expired(state, now)
                    found += [self._describe(item, now) for item in state.snapshots.values()]
        return tuple(sorted(found, key=lambda item: (item.requested_at, item.id)))

    @property
    def failures(self) -> tuple[str, ...]:
        """Tracebacks of errors in the emulator (their requests get 500) and in `log`."""
        with self._service.lock:
            return tuple(self._service.failures)

    def fault(self, fault: Fault) -> ScriptedFault:
        """Append a fault, and return it with its counter."""
        return self._script.add(fault)

    @property
    def faults(self) -> tuple[ScriptedFault, ...]:
        """The faults that are not exhausted, in order."""
        return self._script.pending()

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._script.clear()

    def next_snapshot(
        self,
        *,
        fails: bool = False,
        never_ends: bool = False,
        seconds: float | None = None,
        cluster_name: str | None = None,
    ) -> None:
        """Set the life cycle of the next snapshot; several calls are used in order.

        Args:
            fails: It ends as `failed`.
            never_ends: It stays in progress.
            seconds: Its duration; None: `snapshot_seconds`.
            cluster_name: Only a snapshot of this cluster; None: any.
        """
        with self._service.lock:
            usual = self._options.snapshot_seconds
            plan = Plan(
                seconds=usual if seconds is None else seconds, fails=fails, never_ends=never_ends
            )
            self._service.store.plans.append(ScriptedPlan(plan, cluster_name))

    def forget_tokens(self) -> None:
        """Expire every issued token."""
        with self._service.lock:
            self._service.tokens.clear()

    def forget_nonces(self) -> None:
        """Make every issued nonce stale."""
        with self._service.lock:
            self._service.authenticator.digest.clear()

    def active_tokens(self, client_id: str | None = None) -> int:
        """Return the number of unexpired tokens of a service account; None: of the first one."""
        with self._service.lock:
            account = client_id or self.credential("service_account").id
            return self._service.tokens.count_active(account, self.clock.now())

    @property
    def behaviour(self) -> Behaviour:
        """Behaviour that Atlas does not document; assign to change it."""
        return self._options.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        with self._service.lock:
            self._options.behaviour = behaviour

    @property
    def limits(self) -> Limits:
        """Rate limits; assign to change them. A changed bucket is full."""
        return self._options.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        with self._service.lock:
            self._options.limits = limits

    @property
    def security(self) -> Security:
        """Settings of authentication; assign to change them."""
        return self._options.security

    @security.setter
    def security(self, security: Security) -> None:
        with self._service.lock:
            self._options.security = security

    def _describe(self, snapshot: StoredSnapshot, now: float) -> EmulatedSnapshot:
        flex = snapshot.cluster.flex
        return EmulatedSnapshot(
            id=snapshot.id,
            group_id=snapshot.group_id,
            cluster_name=snapshot.cluster.name,
            status=snapshot.status(now),
            snapshot_type=snapshot.snapshot_type,
            description=snapshot.description,
            requested_at=snapshot.requested_at,
            part_ids=tuple(part.id for part in snapshot.parts),
            wire=flex_snapshot(snapshot, now) if flex else snapshot.wire(now, self.base_url),
        )

    def _cluster_name(self, *, sharded: bool) -> str:
        for cluster in self.world.projects[0].clusters:
            excluded = cluster.flex or cluster.tenant or cluster.paused
            if cluster.sharded == sharded and cluster.backup_enabled and not excluded:
                return cluster.name
        kind = "sharded cluster" if sharded else "replica set"
        raise LookupError(f"the first project has no {kind} that takes snapshots")
