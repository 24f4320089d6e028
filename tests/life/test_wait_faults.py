"""What a wait survives, and what ends it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import (
    AccessToken,
    ForbiddenError,
    UnauthorizedError,
    WaitTimeoutError,
)
from atlas_backups.emulator import Fault
from tests.flavor import sent

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

FAULTS = {
    "500": Fault(status=500),
    "503 HTML": Fault(status=503, body=b"<html>", headers={"Content-Type": "text/html"}),
    "200 HTML": Fault(status=200, body=b"<html>", headers={"Content-Type": "text/html"}),
    "408": Fault(status=408),
    "no snapshot": Fault(body=b"{}"),
    "reset before": Fault(reset="before"),
    "reset after": Fault(reset="after"),
    "half a body": Fault(cut_body=30),
    "half a head": Fault(raw=b"HTTP/1.1 20"),
    "not HTTP": Fault(raw=b"220 mail ready\r\n"),
}


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


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("nth", [1, 2])
def test_a_passing_fault_is_survived(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups, fault: Fault, nth: int
) -> None:
    taken = flavor.take(client)
    scripted = ticking.fault(replace(fault, method="GET", nth=nth, times=2))

    assert wait(flavor, client, taken).status == "completed"

    assert scripted.remaining == 0


def test_a_429_is_survived(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    ticking.fault(replace(Fault.error(429, "RATE_LIMITED"), method="GET"))

    assert wait(flavor, client, taken).status == "completed"


def test_an_outage_is_survived(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    ticking.stop()
    late = threading.Timer(0.3, ticking.start)
    late.start()

    done = wait(flavor, client, taken)

    late.join()
    assert done.status == "completed"


def test_an_outage_that_stays_ends_with_the_time_and_its_cause(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    changes = flavor.iterate(client, "watch_snapshot", taken, timeout=1.5, poll_interval=0.05)
    seen = next(changes)
    ticking.stop()

    with pytest.raises(WaitTimeoutError, match="refused") as caught:
        next(changes)

    assert caught.value.snapshot == seen


def test_a_silent_server_ends_with_the_time(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    ticking.fault(Fault(method="GET", delay=30, times=None))

    with pytest.raises(WaitTimeoutError) as caught:
        wait(flavor, client, taken, timeout=1.0)

    assert caught.value.snapshot is None
    assert "no whole answer before the time of the wait ended" in str(caught.value)
    assert "total_timeout" not in str(caught.value)


def test_a_token_that_ends_is_renewed_once(
    flavor: ClientFlavor, ticking: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(ticking.credentials, base_url=ticking.base_url, max_retries=0)
    taken = flavor.take(client)
    ticking.forget_tokens()

    assert wait(flavor, client, taken).status == "completed"

    tokens = [request for request in ticking.requests if request.path.endswith("/token")]
    assert len(tokens) == 2
    assert [request.status for request in ticking.requests].count(401) == 1


@pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])
def test_a_second_401_is_final(
    flavor: ClientFlavor, ticking: AtlasEmulator, make_client: MakeClient, kind: str
) -> None:
    client = make_client(getattr(ticking, kind), base_url=ticking.base_url, max_retries=0)
    taken = flavor.take(client)
    ticking.clear_requests()
    refusal = Fault.error(401, "UNEXPECTED_ERROR")
    ticking.fault(replace(refusal, path="/backup/", times=None))

    with pytest.raises(UnauthorizedError):
        wait(flavor, client, taken)

    assert 1 <= len(sent(ticking)) <= 2


def test_a_callable_that_rotates_is_asked_in_the_middle_of_a_wait(
    flavor: ClientFlavor, ticking: AtlasEmulator, make_client: MakeClient
) -> None:
    given = [ticking.access_token, AccessToken("not-used-any-more"), ticking.access_token]
    client = make_client(lambda: given.pop(0), base_url=ticking.base_url, max_retries=0)
    taken = flavor.take(client)
    refusal = Fault.error(401, "UNEXPECTED_ERROR")
    ticking.fault(replace(refusal, method="GET", nth=2))

    with pytest.raises(UnauthorizedError):
        wait(flavor, client, taken)  # the second ones are refused too, and that is final
    assert wait(flavor, client, taken).status == "completed"

    assert given == []


@pytest.mark.parametrize("code", ["ACCESS_FORBIDDEN", "IP_ADDRESS_NOT_ON_ACCESS_LIST"])
def test_a_403_is_final(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups, code: str
) -> None:
    taken = flavor.take(client)
    ticking.fault(replace(Fault.error(403, code), method="GET"))

    with pytest.raises(ForbiddenError):
        wait(flavor, client, taken)

    assert len(sent(ticking)) == 2


def test_an_unknown_status_is_not_final(
    flavor: ClientFlavor, ticking: AtlasEmulator, client: AtlasBackups
) -> None:
    taken = flavor.take(client)
    body = f'{{"id": "{taken.id}", "status": "copying", "type": "replicaSet"}}'.encode()
    ticking.fault(Fault(method="GET", body=body, times=2))

    changes = list(flavor.iterate(client, "watch_snapshot", taken, poll_interval=0.01))

    assert changes[0].status == "copying"
    assert changes[-1].status == "completed"
