"""Helpers of the fault tests: the calls, a fault and its expected outcome, servers and clients."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from atlas_backups import (
    AccessToken,
    AmbiguousOutcomeError,
    AtlasBackups,
    AtlasError,
    ReplicaSetSnapshot,
    SnapshotList,
)
from tests.bodies import SNAPSHOT_ID
from tests.faults.matrix import count, in_words
from tests.faults.service import failing, failing_unread
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import RawServer, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import ExitStack

    from tests.faults.matrix_rows import Row
    from tests.faults.plugin import Matrix
    from tests.flavor import ClientFlavor
    from tests.http2_server import Http2Server
    from tests.raw_server import Script
    from tests.tls_ca import CertificateAuthority

T = TypeVar("T")
U = TypeVar("U")
# `total_timeout` of a take: shorter than the first poll after an ambiguous POST.
TAKE_TIMEOUT = 1.9
GET_TIMEOUT = 20.0

# A call that takes longer hangs.
HANG_SECONDS = 30.0


@dataclass(frozen=True)
class Call:
    """A call, the method of the request that the fault affects, and its other requests."""

    name: str
    method: str
    operation: str
    arguments: tuple[str, ...] = (GROUP_ID, CLUSTER_NAME)
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    gets_before: int = 0
    gets_after_success: int = 0

    def __str__(self) -> str:
        return self.name

    @property
    def is_take(self) -> bool:
        return self.method == "POST"

    def run(self, flavor: ClientFlavor, client: AtlasBackups) -> object:
        """Return its result or exception."""
        begun = time.monotonic()
        try:
            return flavor.call(client, self.operation, *self.arguments, **self.options)
        except AtlasError as error:
            return error
        finally:
            assert time.monotonic() - begun < HANG_SECONDS


GET = Call("get_snapshot", "GET", "get_snapshot", (GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID))
LIST = Call("list_snapshots", "GET", "list_snapshots", gets_after_success=1)
TAKE = Call("take_snapshot", "POST", "take_snapshot")
# Searches for the key's snapshot first, and for duplicates at the end.
TAKE_WITH_KEY = Call(
    "take_snapshot with a key",
    "POST",
    "take_snapshot",
    options={"idempotency_key": "release-42"},
    gets_before=2,
    gets_after_success=1,
)
CALLS = (GET, LIST, TAKE, TAKE_WITH_KEY)

# The request of a fault that comes before the request was read.
NOTHING = Received(0, "", "", {}, b"")
# Retries of a call whose fault persists.
RETRIES = 1


@dataclass(frozen=True)
class Fault:
    """What a server does with a request, and the resulting error.

    Attributes:
        means_missing: the client then also reads the snapshot as one of a sharded cluster.
        is_read: the server reads the request before.
        is_stale: it occurs on a connection that has served a call before.
        over_tls: it occurs over TLS.
    """

    row: Row
    name: str
    steps: Callable[[Received], Script]
    cause: type[AtlasError]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    means_missing: bool = False
    is_read: bool = True
    is_stale: bool = False
    over_tls: bool = False

    def __str__(self) -> str:
        return self.name

    def cases(self) -> list[tuple[Call, bool]]:
        """Return the calls, each with whether the fault persists (only for retried calls)."""
        return [
            (call, lasts)
            for call in CALLS
            for lasts in (False, True)
            if not lasts or (self.row.expected_of(call.name) == "R" and call is not LIST)
        ]

    def script(self, call: Call, *, lasts: bool) -> Script:
        """Return the script of the server, after one successful call if it is stale."""
        times = None if lasts else 1
        if self.is_read:
            skip = int(self.is_stale and not call.is_take)
            return failing(self.steps, call.method, skip=skip, times=times)
        return failing_unread(
            self.steps(NOTHING), skip=call.gets_before + int(self.is_stale), times=times
        )

    def check_outcome(self, outcome: object, call: Call, *, lasts: bool) -> None:
        expected = self.row.expected_of(call.name)
        if expected == "R" and not lasts:
            check_success(outcome)
        elif expected == "A":
            check_ambiguous(outcome, self.cause, call)
        else:
            assert type(outcome) is self.cause, outcome

    def received(self, call: Call, *, lasts: bool) -> str:
        """Return which requests the server receives."""
        is_repeated = self.row.expected_of(call.name) == "R"
        hits = 1 + RETRIES if is_repeated and lasts else 1
        methods = Counter({"GET": call.gets_before})
        methods[call.method] += hits if self.is_read else 0
        if is_repeated and not lasts:
            methods[call.method] += 1
            methods["GET"] += call.gets_after_success
        if self.means_missing and call is GET:
            methods["GET"] += 1
        return in_words(methods)


def check_success(outcome: object) -> None:
    if isinstance(outcome, SnapshotList):
        (outcome,) = outcome
    assert type(outcome) is ReplicaSetSnapshot, outcome
    assert outcome.id == SNAPSHOT_ID


def check_ambiguous(outcome: object, cause: type[AtlasError], call: Call) -> None:
    assert type(outcome) is AmbiguousOutcomeError, outcome
    assert type(outcome.cause) is cause, outcome
    assert (outcome.idempotency_tag is not None) == ("idempotency_key" in call.options)
    assert outcome.candidates == ()


@dataclass(frozen=True)
class Lab:
    """Creates servers and clients that are closed after the test, and records outcomes."""

    flavor: ClientFlavor
    stack: ExitStack
    matrix: Matrix
    ca: CertificateAuthority

    def start(self, *scripts: Script, **options: Any) -> RawServer:
        return self.stack.enter_context(RawServer(*scripts, **options))

    def connect(self, server: RawServer | Http2Server, call: Call, **options: Any) -> AtlasBackups:
        """Create a client for one call."""
        credentials = options.pop("credentials", AccessToken("a-token-for-a-raw-server"))
        total: dict[str, Any] = {"total_timeout": TAKE_TIMEOUT if call.is_take else GET_TIMEOUT}
        address: dict[str, Any] = {"base_url": server.base_url, "ca_file": self.ca.file}
        client = AtlasBackups(credentials, **{**address, **total, **options})
        return self.stack.enter_context(client)

    def record(
        self, row: Row, fault: str, call: Call, outcome: object, received: Iterable[Received]
    ) -> None:
        self.matrix.record(
            row, fault, call=call.name, flavor=self.flavor.name, result=outcome, received=received
        )

    def run_cases(self, fault: Fault) -> None:
        """Run each call with the fault, once and, for retried calls, persistently."""
        self.at_once(lambda case: self.run_case(fault, case[0], lasts=case[1]), fault.cases())

    def at_once(self, act: Callable[[T], U], cases: Sequence[T]) -> list[U]:
        """Run all cases concurrently, because they mostly wait."""
        with ThreadPoolExecutor(len(cases)) as pool:
            return list(pool.map(act, cases))

    def run_case(self, fault: Fault, call: Call, *, lasts: bool = False) -> None:
        """Make the call to a server with the fault; check and record the outcome."""
        context = self.ca.context() if fault.over_tls else None
        server = self.start(fault.script(call, lasts=lasts), context=context)
        retries = {"max_retries": RETRIES} if lasts else {}
        client = self.connect(server, call, **retries, **fault.options)
        if fault.is_stale:
            GET.run(self.flavor, client)
        before = len(server.requests)

        outcome = call.run(self.flavor, client)

        received = server.requests[before:]
        fault.check_outcome(outcome, call, lasts=lasts)
        assert count(received) == fault.received(call, lasts=lasts)
        self.record(
            fault.row, f"{fault.name}, always" if lasts else fault.name, call, outcome, received
        )
