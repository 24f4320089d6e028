"""The progress of waits and fleets: what is displayed, and the hint after an interruption."""

from __future__ import annotations

import _thread
import asyncio
import io
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from atlas_backups import InvalidArgumentError, SnapshotRequest, WaitTimeoutError
from atlas_backups.progress import fleet_bar, resume_call, suppress_resume_hint, wait_bar
from tests.flavor import CLUSTER_NAME, GROUP_ID, ClientFlavor
from tests.html.samples import OUTCOMES
from tests.waiting import until

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator

SOON = {"poll_interval": 0.01, "progress": True}
ADDRESS = (GROUP_ID, CLUSTER_NAME, "6a79468a2c88faeba59de489")
TAKEN, AMBIGUOUS = OUTCOMES[0], OUTCOMES[2]


@pytest.fixture
def running(start_emulator: StartEmulator) -> AtlasEmulator:
    """A snapshot completes after 16 responses."""
    return start_emulator(tick=10)


@pytest.fixture
def client(running: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(running.access_token, base_url=running.base_url, max_retries=0)


def lines(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines on standard error without their seconds."""
    out, err = capfd.readouterr()
    assert out == ""
    return [line.split(" (")[0] for line in err.splitlines()]


def test_take_with_progress_prints_request_and_each_status(
    flavor: ClientFlavor,
    client: AtlasBackups,
    running: AtlasEmulator,
    capfd: pytest.CaptureFixture[str],
) -> None:
    running.next_snapshot(seconds=15)

    taken = flavor.take(client, wait=True, progress=True)

    first, second, *_, last = lines(capfd)
    assert first == "Cluster0: requesting a snapshot"
    assert second == f"Cluster0: snapshot {taken.id} is queued"
    assert last == f"Cluster0: snapshot {taken.id} is completed"


@pytest.mark.parametrize("options", [{"wait": True}, {"progress": True}, {}])
def test_take_without_wait_and_progress_prints_nothing(
    flavor: ClientFlavor,
    client: AtlasBackups,
    running: AtlasEmulator,
    capfd: pytest.CaptureFixture[str],
    options: dict[str, bool],
) -> None:
    running.next_snapshot(seconds=15)

    flavor.take(client, **options)

    assert capfd.readouterr() == ("", "")


def test_take_with_progress_that_is_no_bool_raises(
    flavor: ClientFlavor, client: AtlasBackups
) -> None:
    with pytest.raises(InvalidArgumentError, match="progress"):
        flavor.take(client, progress="yes")


def test_interrupted_wait_prints_resume_call(
    client: AtlasBackups, running: AtlasEmulator, capfd: pytest.CaptureFixture[str]
) -> None:
    running.next_snapshot(never_ends=True)
    taken = client.take_snapshot(GROUP_ID, CLUSTER_NAME)

    def interrupt() -> None:
        until(lambda: [request.method for request in running.requests].count("GET") > 1)
        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()

    with pytest.raises(KeyboardInterrupt):
        client.wait_for_snapshot(taken, progress=True, poll_interval=0.05)

    call = resume_call(GROUP_ID, CLUSTER_NAME, taken.id)
    assert lines(capfd)[-2:] == [
        f"Cluster0: wait interrupted; snapshot {taken.id} continues; to resume the wait:",
        f"    {call.split(' (')[0]}",
    ]


def test_cancelled_take_prints_resume_call(
    client: AtlasBackups, running: AtlasEmulator, capfd: pytest.CaptureFixture[str]
) -> None:
    running.next_snapshot(never_ends=True)

    async def cancel() -> None:
        take = client.take_snapshot_async(GROUP_ID, CLUSTER_NAME, wait=True, progress=True)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(take, 0.5)

    asyncio.run(cancel())

    (taken,) = (item.id for item in running.snapshots if item.status != "completed")
    assert lines(capfd)[-1] == f"    {resume_call(GROUP_ID, CLUSTER_NAME, taken)}"


def test_closed_watch_prints_no_hint(
    flavor: ClientFlavor, client: AtlasBackups, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = flavor.iterate(client, "watch_snapshot", flavor.take(client), **SOON)
    next(changes)
    changes.close()

    assert "interrupted" not in capfd.readouterr().err


def test_error_prints_no_hint(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WaitTimeoutError), wait_bar(*ADDRESS):
        raise WaitTimeoutError("late")

    assert capfd.readouterr().err == ""


def test_interruption_before_the_first_poll_prints_resume_call(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyboardInterrupt), wait_bar(*ADDRESS):
        raise KeyboardInterrupt

    assert resume_call(*ADDRESS) in capfd.readouterr().err


def test_interruption_before_the_snapshot_is_known_prints_no_hint(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyboardInterrupt), wait_bar(GROUP_ID, CLUSTER_NAME, None):
        raise KeyboardInterrupt

    assert lines(capfd) == ["Cluster0: requesting a snapshot"]


def test_suppressed_hint_leaves_out_the_call(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), suppress_resume_hint(), wait_bar(*ADDRESS):
        raise KeyboardInterrupt

    assert lines(capfd) == [f"Cluster0: wait interrupted; snapshot {ADDRESS[2]} continues"]


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_wait_without_standard_error_completes(
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


def test_control_characters_of_a_status_are_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    class Hostile:
        id, cluster_name, status, is_final = ADDRESS[2], CLUSTER_NAME, "\x1b[31mred", True

    with wait_bar(*ADDRESS) as show:
        show(Hostile())  # type: ignore[arg-type]  # has all attributes that are read

    assert "\x1b" not in capfd.readouterr().err


def test_fleet_prints_each_outcome_and_sums_up_errors(capfd: pytest.CaptureFixture[str]) -> None:
    with fleet_bar(3, running=lambda: 0) as show:
        for outcome in (TAKEN, AMBIGUOUS, AMBIGUOUS):
            show(outcome)

    assert lines(capfd) == [
        "Cluster0: ok; 1 done, 0 with an error",
        "Cluster2: AmbiguousOutcomeError; 2 done, 1 with an error",
        "Cluster2: AmbiguousOutcomeError; 3 done, 2 with an error",
        "2 of 3 with an error: AmbiguousOutcomeError 2",
    ]


@pytest.mark.parametrize(("running", "expected"), [(4, True), (0, False)])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, GeneratorExit])
def test_interrupted_fleet_counts_unknown_outcomes(
    capfd: pytest.CaptureFixture[str], stop: type[BaseException], running: int, expected: bool
) -> None:
    bar = fleet_bar(9, running=lambda: running)
    bar.__enter__()(TAKEN)
    assert not bar.__exit__(stop, stop(), None)

    unknown = f"stopped after 1; the outcome of {running} more is unknown"
    assert (unknown in capfd.readouterr().err) == expected


def test_closed_fleet_counts_unknown_outcomes(
    flavor: ClientFlavor, atlas: AtlasBackups, capfd: pytest.CaptureFixture[str]
) -> None:
    requests = [SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME) for _ in range(40)]
    outcomes = flavor.iterate(atlas, "take_snapshots", requests, progress=True, concurrency=4)
    next(outcomes)
    outcomes.close()

    assert "more is unknown" in capfd.readouterr().err
