"""A wait that is shown is the same wait: not later, not less certain, and easy to go on with."""

from __future__ import annotations

import _thread
import asyncio
import io
import re
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import SnapshotFailedError, WaitTimeoutError
from atlas_backups.emulator import Fault
from atlas_backups.progress import said_elsewhere, watching
from tests.flavor import CLUSTER_NAME, GROUP_ID, ClientFlavor
from tests.waiting import until

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups, Snapshot
    from atlas_backups.emulator import AtlasEmulator, ManualClock, ReceivedRequest
    from tests.conftest import MakeClient, StartEmulator

LIST = re.compile(r"/snapshots(\?.*)?$")
SOON = {"poll_interval": 0.01, "progress": True}
ID = "6a79468a2c88faeba59de489"
ADDRESS = (GROUP_ID, CLUSTER_NAME, ID)
CALL = f"atlas.wait_for_snapshot('{GROUP_ID}', '{CLUSTER_NAME}', '{ID}')"


@pytest.fixture
def living(start_emulator: StartEmulator) -> AtlasEmulator:
    """A snapshot is over there after 16 answers."""
    return start_emulator(tick=10)


@pytest.fixture
def client(living: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(living.access_token, base_url=living.base_url, max_retries=0)


def lists(emulator: AtlasEmulator) -> int:
    return sum(
        request.method == "GET" and bool(LIST.search(request.path)) for request in emulator.requests
    )


def earlier_threads() -> list[threading.Thread]:
    return [it for it in threading.enumerate() if it.name == "atlas-backups-earlier"]


def nothing(_snapshot: Snapshot) -> tuple[Snapshot, ...]:
    return ()


def test_it_tells_once_what_earlier_ones_took(
    flavor: ClientFlavor,
    client: AtlasBackups,
    living: AtlasEmulator,
    capfd: pytest.CaptureFixture[str],
) -> None:
    living.next_snapshot(never_ends=True)
    taken = flavor.take(client)

    with pytest.raises(WaitTimeoutError):
        flavor.call(client, "wait_for_snapshot", taken, timeout=2.5, **SOON)

    said = [line for line in capfd.readouterr().err.splitlines() if "earlier" in line]
    assert len(said) == 1
    assert "the cut point about" in said[0]
    assert lists(living) == 1


def test_without_progress_nothing_more_is_asked(
    flavor: ClientFlavor, client: AtlasBackups, living: AtlasEmulator
) -> None:
    flavor.call(client, "wait_for_snapshot", flavor.take(client), poll_interval=0.01)

    assert lists(living) == 0


def test_of_a_completed_one_nothing_more_is_asked(
    flavor: ClientFlavor, client: AtlasBackups, living: AtlasEmulator
) -> None:
    living.next_snapshot(seconds=0)

    flavor.call(client, "wait_for_snapshot", flavor.take(client), progress=True)

    assert lists(living) == 0


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault.error(403, "ACCESS_FORBIDDEN"), Fault(raw=b"<html>")]
)
def test_a_refusal_to_list_is_no_failure(
    flavor: ClientFlavor, client: AtlasBackups, living: AtlasEmulator, fault: Fault
) -> None:
    taken = flavor.take(client)
    living.fault(replace(fault, method="GET", path=LIST, times=None))

    assert flavor.call(client, "wait_for_snapshot", taken, **SOON).status == "completed"


def test_a_list_that_does_not_come_delays_nothing(
    flavor: ClientFlavor,
    start_emulator: StartEmulator,
    make_client: MakeClient,
    clock: ManualClock,
    capfd: pytest.CaptureFixture[str],
) -> None:
    over = threading.Event()

    def log(request: ReceivedRequest) -> None:
        clock.advance(10)
        if request.method == "GET" and LIST.search(request.path):
            over.wait(60)

    living = start_emulator(log=log)
    client = make_client(living.access_token, base_url=living.base_url, max_retries=0)
    taken = flavor.take(client)

    done = flavor.call(client, "wait_for_snapshot", taken, **SOON)

    (late,) = earlier_threads()  # it still waits for its answer
    assert done.status == "completed"
    over.set()
    late.join()
    last = capfd.readouterr().err.splitlines()[-1]
    assert f"{taken.id} is completed" in last


def test_a_failed_one_is_the_same_error(
    flavor: ClientFlavor, client: AtlasBackups, living: AtlasEmulator
) -> None:
    living.next_snapshot(seconds=20, fails=True)
    taken = flavor.take(client)

    with pytest.raises(SnapshotFailedError):
        flavor.call(client, "wait_for_snapshot", taken, **SOON)


def test_an_interrupted_wait_says_how_to_go_on(
    client: AtlasBackups, living: AtlasEmulator, capfd: pytest.CaptureFixture[str]
) -> None:
    living.next_snapshot(never_ends=True)
    taken = client.take_snapshot(GROUP_ID, CLUSTER_NAME)

    def interrupt() -> None:
        until(lambda: [request.method for request in living.requests].count("GET") > 1)
        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()

    with pytest.raises(KeyboardInterrupt):
        client.wait_for_snapshot(taken, progress=True, poll_interval=0.05)

    err = capfd.readouterr().err
    assert f"stopped waiting; snapshot {taken.id} goes on; to wait for it again:\n" in err
    assert err.endswith(f"    {CALL.replace(ID, taken.id)}\n")


def test_a_cancelled_wait_says_how_to_go_on(
    client: AtlasBackups, living: AtlasEmulator, capfd: pytest.CaptureFixture[str]
) -> None:
    living.next_snapshot(never_ends=True)

    async def cancel() -> str:
        taken = await client.take_snapshot_async(GROUP_ID, CLUSTER_NAME)
        wait = client.wait_for_snapshot_async(taken, progress=True, poll_interval=0.05)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wait, 0.5)
        return taken.id

    taken_id = asyncio.run(cancel())

    assert capfd.readouterr().err.endswith(f"    {CALL.replace(ID, taken_id)}\n")


def test_leaving_a_watch_says_nothing(
    flavor: ClientFlavor, client: AtlasBackups, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = flavor.iterate(client, "watch_snapshot", flavor.take(client), **SOON)
    next(changes)
    changes.close()

    assert "stopped" not in capfd.readouterr().err


def test_an_error_speaks_for_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(WaitTimeoutError),
        watching(*ADDRESS, look_back=nothing),
    ):
        raise WaitTimeoutError("late")

    assert capfd.readouterr().err == ""


def test_before_anything_was_seen_it_is_said_too(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), watching(*ADDRESS, look_back=nothing):
        raise KeyboardInterrupt

    assert CALL in capfd.readouterr().err


def test_whoever_says_it_in_other_words_has_it_left_to(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        said_elsewhere(),
        watching(*ADDRESS, look_back=nothing),
    ):
        raise KeyboardInterrupt

    assert capfd.readouterr().err == f"{CLUSTER_NAME}: stopped waiting; snapshot {ID} goes on\n"


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_without_standard_error_the_wait_is_the_same(
    flavor: ClientFlavor,
    client: AtlasBackups,
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO | None,
) -> None:
    taken = flavor.take(client)
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)

    assert flavor.call(client, "wait_for_snapshot", taken, **SOON).status == "completed"


def test_what_a_terminal_would_obey_is_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    class Odd:
        id, cluster_name, status, is_final = ID, CLUSTER_NAME, "\x1b[31mred", True

    with watching(*ADDRESS, look_back=nothing) as show:
        show(Odd())  # type: ignore[arg-type]  # it looks like one

    assert "\x1b" not in capfd.readouterr().err
