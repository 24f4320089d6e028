"""`AtlasEmulator`: the emulator as its users see it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

# The module, whose names are looked up when they are needed: the emulator runs without the client.
import atlas_backups

from .clock import Clock, SystemClock
from .connection import Exchange
from .faults import Fault, FaultScript, ScriptedFault
from .flex import wire_of
from .journal import Journal, ReceivedRequest
from .options import Behaviour, Limits, Options, Security
from .server import Listener, check_loopback, check_threads
from .service import AtlasService
from .snapshot import Plan, Status
from .store import ScriptedPlan
from .world import Cluster, Credential, CredentialKind, World, default_world

EmulatorT = TypeVar("EmulatorT", bound="AtlasEmulator")
_CREDENTIAL_VARIABLES: tuple[tuple[CredentialKind, str, str], ...] = (
    ("service_account", "MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET"),
    ("api_key", "MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"),
)


@dataclass(frozen=True, kw_only=True)
class EmulatedSnapshot:
    """A snapshot that the emulator holds, as it was when `AtlasEmulator.snapshots` was read.

    Args:
        id: 24 hexadecimal digits.
        group_id: Its project.
        cluster_name: Its cluster.
        status: `queued`, `inProgress`, `completed` or `failed`.
        snapshot_type: `onDemand`, `scheduled` or `fallback`.
        description: None means without.
        requested_at: When it was asked for, in seconds since the epoch.
        part_ids: Ids of its parts, for a sharded cluster, whether they are shown yet or not.
        wire: The object as a GET would answer it.
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

    A context manager that starts and stops it. After `stop()` it can be started again, on the same
    port and with everything it holds, which is how an outage is played. Safe to share between
    threads. A forked child must leave its parent's emulator alone.

    Args:
        world: What exists at first; None: `default_world()`.
        host: IPv4 loopback address to listen on.
        port: TCP port; 0: any that is free.
        base_path: What every path begins with, such as `/proxy`; empty: nothing.
        snapshot_seconds: From the take to the end of a snapshot; its phases keep the recorded
            proportions. 0: completed at once. The recorded one took 157.
        clock: The time of everything but `Fault.delay`, `Fault.byte_delay` and `idle_seconds`;
            None: the machine's.
        behaviour: What Atlas does not document.
        limits: How much is allowed.
        security: How authentication behaves.
        idle_seconds: Real seconds after which a silent connection is closed.
        log: Called with every answered request, on the thread of its connection; None: nobody.
            What it raises is kept in `failures`, and the answer leaves all the same.

    Raises:
        ValueError: An option is out of range.
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
        self._journal = Journal()
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
        """Begin to listen.

        Raises:
            RuntimeError: It runs already, or eventlet has replaced threads and sockets.
            OSError: The port is taken.
        """
        if self._listener is not None:
            raise RuntimeError("the emulator runs already")
        check_threads()
        self._stopping = threading.Event()
        exchange = Exchange(self._service, self._script, self._journal, self._stopping, self._log)
        self._listener = Listener(self._host, self._port, exchange.serve, self._idle_seconds)
        self._port = self._listener.port

    def stop(self) -> None:
        """Stop listening and end all connections; does nothing when it does not run."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._stopping.set()
            listener.close()

    @property
    def base_url(self) -> str:
        """What clients take for Atlas' address; known from the first `start()` on.

        Raises:
            RuntimeError: It was never started, and so has no port yet.
        """
        if not self._port:
            raise RuntimeError("start the emulator first: it has no port yet")
        return f"http://{self._host}:{self._port}{self._base_path}"

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that make any program use it.

        Both variables of the address: the Atlas CLI up to 1.57 reads the second one alone, and
        would send the credentials to Atlas. A service account and an API key, as far as the world
        has them: this package and the Terraform provider take the service account.
        """
        variables = {
            "MONGODB_ATLAS_BASE_URL": self.base_url,
            "MONGODB_ATLAS_OPS_MANAGER_URL": self.base_url,
        }
        for kind, id_name, secret_name in _CREDENTIAL_VARIABLES:
            with contextlib.suppress(LookupError):
                credential = self._first(kind)
                variables |= {id_name: credential.id, secret_name: credential.secret}
        return {**variables, "MONGODB_ATLAS_PROJECT_ID": self.group_id}

    @property
    def credentials(self) -> atlas_backups.ServiceAccount:
        """The first service account of the world, as the client takes it."""
        return self.service_account

    @property
    def service_account(self) -> atlas_backups.ServiceAccount:
        """The first service account of the world, as the client takes it."""
        account = self._first("service_account")
        return atlas_backups.ServiceAccount(account.id, account.secret)

    @property
    def api_key(self) -> atlas_backups.ApiKey:
        """The first API key of the world, as the client takes it."""
        key = self._first("api_key")
        return atlas_backups.ApiKey(key.id, key.secret)

    @property
    def access_token(self) -> atlas_backups.AccessToken:
        """The first fixed access token of the world, as the client takes it."""
        return atlas_backups.AccessToken(self._first("access_token").secret)

    def credential(self, kind: CredentialKind, *, read_only: bool = False) -> Credential:
        """Return the first credential of a kind, with its strings in the open.

        Args:
            kind: Service account, API key or access token.
            read_only: True: the first that has the role to read and no other.

        Raises:
            LookupError: The world has none.
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
        """What was received in full, in order."""
        return self._journal.requests()

    def clear_requests(self) -> None:
        """Forget what was received."""
        self._journal.clear()

    @property
    def snapshots(self) -> tuple[EmulatedSnapshot, ...]:
        """What it holds at this moment, lag or no lag, oldest first; parts are not counted."""
        with self._service.lock:
            now = self._service.settle()
            found: list[EmulatedSnapshot] = []
            for project in self._service.store.projects.values():
                for state in project.clusters.values():
                    self._service.store.drop_expired(state, now)
                    found += [
                        EmulatedSnapshot(
                            id=held.id,
                            group_id=held.group_id,
                            cluster_name=held.cluster.name,
                            status=held.status(now),
                            snapshot_type=held.snapshot_type,
                            description=held.description,
                            requested_at=held.requested_at,
                            part_ids=tuple(part.id for part in held.parts),
                            wire=wire_of(held, now, self.base_url),
                        )
                        for held in state.snapshots.values()
                    ]
        return tuple(sorted(found, key=lambda item: (item.requested_at, item.id)))

    @property
    def failures(self) -> tuple[str, ...]:
        """Tracebacks of errors in the emulator itself, and of what `log` raised; should stay empty.

        A request that the emulator failed on was answered with 500.
        """
        with self._service.lock:
            return tuple(self._service.failures)

    def fault(self, fault: Fault) -> ScriptedFault:
        """Put a fault behind those that are waiting already, and return it with its counter."""
        return self._script.add(fault)

    @property
    def faults(self) -> tuple[ScriptedFault, ...]:
        """The faults that are not used up, in order."""
        return self._script.pending()

    def clear_faults(self) -> None:
        """Drop all faults."""
        self._script.clear()

    def next_snapshot(
        self,
        *,
        fails: bool = False,
        never_ends: bool = False,
        seconds: float | None = None,
        cluster_name: str | None = None,
    ) -> None:
        """Say how the next snapshot will live; several calls are used up in order.

        Args:
            fails: Its end is `failed`.
            never_ends: It stays in progress.
            seconds: How long it takes; None: `snapshot_seconds`.
            cluster_name: Only a snapshot of this cluster; None: of any.
        """
        with self._service.lock:
            usual = self._options.snapshot_seconds
            plan = Plan(
                seconds=usual if seconds is None else seconds, fails=fails, never_ends=never_ends
            )
            self._service.store.plans.append(ScriptedPlan(plan, cluster_name))

    def forget_tokens(self) -> None:
        """End every token granted so far, as if its time were over."""
        with self._service.lock:
            self._service.tokens.forget()

    def forget_nonces(self) -> None:
        """Make every nonce given so far stale."""
        with self._service.lock:
            self._service.digest.forget()

    def active_tokens(self, client_id: str | None = None) -> int:
        """Return how many tokens of a service account are alive; None: of the first one."""
        with self._service.lock:
            account = client_id or self._first("service_account").id
            return self._service.tokens.active(account, self.clock.now())

    @property
    def behaviour(self) -> Behaviour:
        """What Atlas does not document; assign to change it for the requests to come."""
        return self._options.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        with self._service.lock:
            self._options.behaviour = behaviour

    @property
    def limits(self) -> Limits:
        """How much is allowed; assign to change it. A changed bucket is full again."""
        return self._options.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        with self._service.lock:
            self._options.limits = limits

    @property
    def security(self) -> Security:
        """How authentication behaves; assign to change it."""
        return self._options.security

    @security.setter
    def security(self, security: Security) -> None:
        with self._service.lock:
            self._options.security = security

    def _first(self, kind: CredentialKind) -> Credential:
        return self.credential(kind)

    def _cluster_name(self, *, sharded: bool) -> str:
        for cluster in self.world.projects[0].clusters:
            if cluster.sharded == sharded and _takes_snapshots(cluster):
                return cluster.name
        kind = "sharded cluster" if sharded else "replica set"
        raise LookupError(f"the first project has no {kind} that takes snapshots")


def _takes_snapshots(cluster: Cluster) -> bool:
    return cluster.backup_enabled and not (cluster.flex or cluster.tenant or cluster.paused)
