"""What a test of a fault works with: a server to be bad, a client, a flavor, and the matrix."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from atlas_backups import AccessToken, AtlasBackups
from tests.faults.calls import GET
from tests.faults.fault import RETRIES
from tests.faults.matrix import count
from tests.raw_server import RawServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import ExitStack

    from tests.authority import Authority
    from tests.faults.calls import Call
    from tests.faults.fault import Fault
    from tests.faults.plugin import Matrix
    from tests.faults.rows import Row
    from tests.flavor import ClientFlavor
    from tests.http2_server import Http2Server
    from tests.raw_server import Received, Script

T = TypeVar("T")
U = TypeVar("U")
# Of a take: too short for the first look after an ambiguous POST, long enough for the rest.
TAKE_TIMEOUT = 1.9
GET_TIMEOUT = 20.0


@dataclass(frozen=True)
class Lab:
    """Makes servers and clients that end with the test, and records how calls end."""

    flavor: ClientFlavor
    stack: ExitStack
    matrix: Matrix
    authority: Authority

    def start(self, *scripts: Script, **options: Any) -> RawServer:
        return self.stack.enter_context(RawServer(*scripts, **options))

    def connect(self, server: RawServer | Http2Server, call: Call, **options: Any) -> AtlasBackups:
        """Make a client for one call."""
        credentials = options.pop("credentials", AccessToken("a-token-for-a-raw-server"))
        total: dict[str, Any] = {"total_timeout": TAKE_TIMEOUT if call.is_take else GET_TIMEOUT}
        address: dict[str, Any] = {"base_url": server.base_url, "ca_file": self.authority.file}
        client = AtlasBackups(credentials, **{**address, **total, **options})
        return self.stack.enter_context(client)

    def record(
        self, row: Row, fault: str, call: Call, end: object, received: Iterable[Received]
    ) -> None:
        self.matrix.record(
            row, fault, call=call.name, flavor=self.flavor.name, end=end, received=received
        )

    def suffer_at_once(self, fault: Fault) -> None:
        """Let every call meet the fault: once, and for ever where that makes a difference."""
        self.at_once(lambda case: self.suffer(fault, case[0], lasts=case[1]), fault.cases())

    def at_once(self, act: Callable[[T], U], cases: Sequence[T]) -> list[U]:
        """Do what mostly waits for all cases at the same time."""
        with ThreadPoolExecutor(len(cases)) as pool:
            return list(pool.map(act, cases))

    def suffer(self, fault: Fault, call: Call, *, lasts: bool = False) -> None:
        """Make the call of a server with the fault; check and record how that ends."""
        context = self.authority.context() if fault.over_tls else None
        server = self.start(fault.script(call, lasts=lasts), context=context)
        retries = {"max_retries": RETRIES} if lasts else {}
        client = self.connect(server, call, **retries, **fault.options)
        if fault.is_stale:
            GET.run(self.flavor, client)
        before = len(server.requests)

        end = call.run(self.flavor, client)

        received = server.requests[before:]
        fault.check_end(end, call, lasts=lasts)
        assert count(received) == fault.received(call, lasts=lasts)
        self.record(
            fault.row, f"{fault.name}, always" if lasts else fault.name, call, end, received
        )
