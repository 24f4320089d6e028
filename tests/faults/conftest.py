# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from atlas_backups import AccessToken, AtlasBackups
from tests.authority import Authority
from tests.faults.calls import GET
from tests.faults.fault import RETRIES
from tests.faults.matrix import count
from tests.raw_server import RawServer

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.door import Door
    from tests.faults.calls import Call
    from tests.faults.fault import Fault
    from tests.faults.plugin import Matrix
    from tests.raw_server import Script

# Of a take: too short for the first look after an ambiguous POST, long enough for the rest.
TAKE_TIMEOUT = 1.9
GET_TIMEOUT = 20.0


class Connect(Protocol):
    """Makes a client of a server for one call; it is closed when the test ends."""

    def __call__(self, server: RawServer, call: Call, **options: Any) -> AtlasBackups: ...


class Start(Protocol):
    """Starts a raw server that stops when the test ends."""

    def __call__(self, *scripts: Script, **options: Any) -> RawServer: ...


class Suffer(Protocol):
    """Makes a call of a server with a fault; checks and records how that ends."""

    def __call__(self, fault: Fault, call: Call, *, lasts: bool) -> object: ...


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "trusted", ["127.0.0.1"])


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody was told to trust."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger", ["127.0.0.1"])


@pytest.fixture
def connect(stack: ExitStack) -> Connect:
    def connect(server: RawServer, call: Call, **options: Any) -> AtlasBackups:
        credentials = options.pop("credentials", AccessToken("a-token-for-a-raw-server"))
        options.setdefault("total_timeout", TAKE_TIMEOUT if call.is_take else GET_TIMEOUT)
        client = AtlasBackups(credentials, **{"base_url": server.base_url, **options})
        return stack.enter_context(client)

    return connect


@pytest.fixture
def start(stack: ExitStack) -> Start:
    def start(*scripts: Script, **options: Any) -> RawServer:
        return stack.enter_context(RawServer(*scripts, **options))

    return start


@pytest.fixture
def suffer(
    door: Door, start: Start, connect: Connect, authority: Authority, matrix: Matrix
) -> Suffer:
    def suffer(fault: Fault, call: Call, *, lasts: bool) -> object:
        context = authority.context() if fault.over_tls else None
        server = start(fault.script(call, lasts=lasts), context=context)
        retries = {"max_retries": RETRIES} if lasts else {}
        client = connect(server, call, ca_file=authority.file, **retries, **fault.options)
        if fault.is_stale:
            GET.run(door, client)
        before = len(server.requests)

        end = call.run(door, client)

        received = server.requests[before:]
        fault.check_end(end, call, lasts=lasts)
        assert count(received) == fault.received(call, lasts=lasts)
        name = f"{fault.name}, always" if lasts else fault.name
        matrix.record(fault.row, name, call.name, door.name, end, received)
        return end

    return suffer
