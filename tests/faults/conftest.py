# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from atlas_backups import AccessToken, AtlasBackups
from tests.authority import Authority
from tests.faults.fault import RETRIES
from tests.faults.matrix import count
from tests.faults.service import failing
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


class Start(Protocol):
    """Starts a raw server that stops when the test ends."""

    def __call__(self, *scripts: Script, **options: Any) -> RawServer: ...


@pytest.fixture
def suffer(door: Door, start: Start, connect: Connect, matrix: Matrix) -> Suffer:
    def suffer(fault: Fault, call: Call, *, lasts: bool) -> object:
        server = start(failing(fault.steps, call.method, None if lasts else 1))
        retries = {"max_retries": RETRIES} if lasts else {}
        client = connect(server, call, **retries, **fault.options)

        end = call.run(door, client)

        fault.check_end(end, call, lasts=lasts)
        assert count(server.requests) == fault.received(call, lasts=lasts)
        name = f"{fault.name}, {'always' if lasts else 'once'}"
        matrix.record(fault.row, name, call.name, door.name, end, server.requests)
        return end

    return suffer
