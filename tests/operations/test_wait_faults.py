"""Faults that a wait tolerates, and those that end it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    AccessToken,
    ForbiddenError,
    UnauthorizedError,
)
from atlas_backups.emulator import Fault
from tests.flavor import sent

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor


@pytest.fixture
def ticking(start_emulator: StartEmulator) -> AtlasEmulator:
    """A snapshot takes 157 s there, which are over after 4 answers."""
    return start_emulator(tick=50)


@pytest.fixture
def client(ticking: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    """It repeats nothing by itself, so that whatever is survived is survived by the wait."""
    return make_client(ticking.access_token, base_url=ticking.base_url, max_retries=0)


def wait(
    flavor: ClientFlavor, client: AtlasBackups, snapshot: Snapshot, timeout: float = 30
) -> Snapshot:
    options = {"timeout": timeout, "poll_interval": 0.01}
    waited: Snapshot = flavor.call(client, "wait_for_snapshot", snapshot, **options)
    return waited


def test_wait_tolerates_an_outage(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    ticking.stop()
    late = threading.Timer(0.3, ticking.start)
    late.start()

    done = wait(flavor, client, taken)

    late.join()
    assert done.status == "completed"


def test_wait_uses_rotated_credentials(
    flavor: ClientFlavor, ticking: AtlasEmulator, make_client: MakeClient
) -> None:
    given = [ticking.access_token, AccessToken("not-used-any-more"), ticking.access_token]
    client = make_client(lambda: given.pop(0), base_url=ticking.base_url, max_retries=0)
    taken = flavor.take(client)
    rejection = Fault.error(401, "UNEXPECTED_ERROR")
    ticking.fault(replace(rejection, method="GET", nth=2))

    with pytest.raises(UnauthorizedError):
        wait(flavor, client, taken)  # the second rejection is final
    assert wait(flavor, client, taken).status == "completed"

    assert given == []


@pytest.mark.parametrize("code", ["ACCESS_FORBIDDEN", "IP_ADDRESS_NOT_ON_ACCESS_LIST"])
def test_wait_raises_on_403(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups, code: str
) -> None:
    taken = flavor.take(client)
    ticking.fault(replace(Fault.error(403, code), method="GET"))

    with pytest.raises(ForbiddenError):
        wait(flavor, client, taken)

    assert len(sent(ticking)) == 2
