# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # `tests.…` also where pytest starts elsewhere

from atlas_backups import AccessToken, AtlasBackups
from atlas_backups.emulator import AtlasEmulator, Behaviour, ManualClock
from tests.flavor import ClientFlavor, FlavorName
from tests.raw_server import RawServer, Script

pytest_plugins = ["tests.faults.plugin"]

collect_ignore = ["airflow"]  # it has an environment, a pytest.ini and a conftest.py of its own

# A shell starts what it puts in the background with Ctrl-C ignored, and programs that the tests
# start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import ReceivedRequest

FOREIGN_VARIABLES = ("MONGODB_ATLAS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_")


class MakeClient(Protocol):
    """Makes a client that is closed when the test ends."""

    def __call__(self, credentials: Any = ..., /, **options: Any) -> AtlasBackups: ...


class StartEmulator(Protocol):
    """Starts an emulator of the test's own.

    Its clock is the manual one, which moves on by `tick` seconds with every answer of the API, so
    that snapshots progress as fast as a client polls them.
    """

    def __call__(self, *, tick: float = ..., **options: Any) -> AtlasEmulator: ...


class Serve(Protocol):
    """Starts a raw server that stops when the test ends, and a client of it."""

    def __call__(self, *scripts: Script, **options: Any) -> tuple[RawServer, AtlasBackups]: ...


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(FOREIGN_VARIABLES):
            monkeypatch.delenv(name)


@pytest.fixture(params=["sync", "async"])
def flavor(request: pytest.FixtureRequest) -> ClientFlavor:
    name: FlavorName = request.param
    return ClientFlavor(name)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def emulator(clock: ManualClock) -> Iterator[AtlasEmulator]:
    """Time stands still in it, and any number of snapshots may run at once."""
    behaviour = Behaviour(busy_check_lag_seconds=None)
    with AtlasEmulator(clock=clock, behaviour=behaviour) as emulator:
        yield emulator
    assert emulator.failures == ()


@pytest.fixture
def start_emulator(stack: ExitStack, clock: ManualClock) -> StartEmulator:
    def start(*, tick: float = 0.0, **options: Any) -> AtlasEmulator:
        def log(request: ReceivedRequest) -> None:
            if "/api/atlas/" in request.path:
                clock.advance(tick)

        options = {"snapshot_seconds": 157.0, "clock": clock, "log": log, **options}
        emulator = stack.enter_context(AtlasEmulator(**options))
        # An error inside the emulator answers 500, which a test might take for granted.
        stack.callback(lambda: pytest.fail("\n".join(f)) if (f := emulator.failures) else None)
        return emulator

    return start


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def make_client(stack: ExitStack) -> MakeClient:
    def make(credentials: Any = None, /, **options: Any) -> AtlasBackups:
        return stack.enter_context(AtlasBackups(credentials, **options))

    return make


@pytest.fixture
def atlas(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    """A client that needs one request for a call: its token is there already."""
    return make_client(emulator.access_token, base_url=emulator.base_url)


@pytest.fixture
def serve(stack: ExitStack) -> Serve:
    def start(*scripts: Script, **options: Any) -> tuple[RawServer, AtlasBackups]:
        server = stack.enter_context(RawServer(*scripts))
        credentials = options.pop("credentials", AccessToken("a-token-for-a-raw-server"))
        options.setdefault("base_url", server.base_url)
        return server, stack.enter_context(AtlasBackups(credentials, **options))

    return start
