"""One key in several processes that run concurrently or are killed and restarted."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups.emulator import Behaviour, Fault
from tests.faults.matrix_rows import KILLED
from tests.flavor import CLUSTER_NAME, GROUP_ID, sent
from tests.tags import tag_of
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_backups.emulator import AtlasEmulator, ReceivedRequest
    from tests.conftest import StartEmulator
    from tests.faults.plugin import Matrix
    from tests.flavor import ClientFlavor

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs inherited pipes and SIGKILL")

KEY = "release-42"
SCRIPT = f"""
import asyncio, os, sys
from atlas_backups import AtlasBackups, DuplicateSnapshotsError
with AtlasBackups() as atlas:
    os.read(int(sys.argv[1]), 1)  # ends when the test closes the other side, for all at once
    options = dict(idempotency_key="{KEY}", description="nightly", wait="--wait" in sys.argv)
    try:
        if "sync" in sys.argv:
            snapshot = atlas.take_snapshot("{GROUP_ID}", "{CLUSTER_NAME}", **options)
        else:
            take = atlas.take_snapshot_async("{GROUP_ID}", "{CLUSTER_NAME}", **options)
            snapshot = asyncio.run(take)
    except DuplicateSnapshotsError as error:
        print("duplicates", *[snapshot.id for snapshot in error.snapshots])
    else:
        print(snapshot.id)
"""


@pytest.fixture
def one_at_a_time(start_emulator: StartEmulator) -> AtlasEmulator:
    return start_emulator()


def tagged(emulator: AtlasEmulator) -> list[str]:
    """Ids of what the emulator holds with the tag of the key."""
    tag = tag_of(KEY)
    held = [it for it in emulator.snapshots if (it.description or "").startswith(tag)]
    return [it.id for it in held]


def start(
    emulator: AtlasEmulator, flavor: ClientFlavor, *arguments: str, go: int
) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # our own interpreter
        [sys.executable, "-W", "error", "-c", SCRIPT, str(go), flavor.name, *arguments],
        env={**os.environ, **emulator.env},
        pass_fds=[go],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(emulator: AtlasEmulator, flavor: ClientFlavor, count: int = 1) -> list[str]:
    """Run so many processes that start together, and give what each of them prints."""
    wait, go = os.pipe()
    with ExitStack() as stack:
        try:
            processes = [
                stack.enter_context(start(emulator, flavor, go=wait)) for _ in range(count)
            ]
        finally:
            os.close(wait)
            os.close(go)
        ends = [process.communicate(timeout=100) for process in processes]
    assert [err for _, err in ends] == [""] * count
    return [out.strip() for out, _ in ends]


@pytest.fixture
def meeting(start_emulator: StartEmulator) -> AtlasEmulator:
    """Where two have seen that there is none before either of them asks for one."""
    both, lists = threading.Barrier(2), itertools.count()

    def log(request: ReceivedRequest) -> None:
        if request.method == "GET" and request.path.endswith("/snapshots") and next(lists) < 2:
            both.wait(60)

    return start_emulator(log=log)


def test_concurrent_processes_get_one_snapshot(
    flavor: ClientFlavor, meeting: AtlasEmulator
) -> None:
    printed = run(meeting, flavor, 2)

    assert tagged(meeting) == [printed[0]]
    assert printed[0] == printed[1]
    posts = [request for request in meeting.requests if request.method == "POST"]
    assert sorted(r.status or 0 for r in posts if "/backup/" in r.path) == [200, 400]


def test_duplicates_of_concurrent_processes_are_reported(
    flavor: ClientFlavor, meeting: AtlasEmulator
) -> None:
    meeting.behaviour = Behaviour(busy_check_lag_seconds=None)

    printed = run(meeting, flavor, 2)

    ids = tagged(meeting)
    reported = [line.split()[1:] for line in printed if line.startswith("duplicates")]
    assert len(ids) == 2
    assert reported
    assert all(sorted(line) == sorted(ids) for line in reported)


@dataclass(frozen=True)
class Step:
    """Where a process is killed: what holds it up there, and how to know that it is there."""

    fault: Fault
    reached: Callable[[list[str]], bool]
    wait: bool = False
    stopped: bool = False


LIST, SHARDED_LIST, POST = "GET snapshots", "GET snapshots/shardedClusters", "POST snapshots"
HOLD: dict[str, Any] = {"delay": 60}
STEPS = {
    "before the token": Step(Fault(path="/oauth/token", **HOLD), lambda asked: not asked),
    "during the first list": Step(
        Fault(method="GET", path="/snapshots", **HOLD), lambda asked: asked == [LIST]
    ),
    "during the sharded list": Step(
        Fault(method="GET", path="/shardedClusters", **HOLD), lambda asked: SHARDED_LIST in asked
    ),
    "POST received, without effect": Step(
        Fault(method="POST", path="/snapshots", status=503, **HOLD), lambda asked: POST in asked
    ),
    "POST carried out, not answered": Step(
        Fault(method="POST", path="/snapshots", **HOLD), lambda asked: POST in asked
    ),
    "POST half answered": Step(
        Fault(method="POST", path="/snapshots", byte_delay=0.5), lambda asked: POST in asked
    ),
    "POST answered, not read": Step(
        Fault(method="POST", path="/snapshots", delay=2),
        lambda asked: POST in asked,
        stopped=True,
    ),
    "during the final check": Step(
        Fault(method="GET", path="/snapshots", nth=3, **HOLD),
        lambda asked: asked[-2:] == [POST, LIST],
    ),
    "during the wait": Step(
        Fault(method="GET", path="/snapshots/6", **HOLD),
        lambda asked: any(line.startswith("GET snapshots/6") for line in asked),
        wait=True,
    ),
}


def kill_at(emulator: AtlasEmulator, flavor: ClientFlavor, step: Step) -> None:
    emulator.fault(step.fault)
    wait, go = os.pipe()
    os.close(go)
    arguments = ["--wait"] if step.wait else []
    with start(emulator, flavor, *arguments, go=wait) as process:
        os.close(wait)
        try:
            until(lambda: bool(emulator.requests) and step.reached(sent(emulator)))
            if step.stopped:
                process.send_signal(signal.SIGSTOP)
                until(lambda: emulator.requests[-1].status == 200)
        finally:
            process.kill()
        out, err = process.communicate(timeout=100)
    assert (process.returncode, out, err) == (-signal.SIGKILL, "", "")


@pytest.mark.parametrize("name", STEPS)
def test_killed_and_restarted_process_takes_one_snapshot(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator, name: str, matrix: Matrix
) -> None:
    kill_at(one_at_a_time, flavor, STEPS[name])

    printed = run(one_at_a_time, flavor)

    assert tagged(one_at_a_time) == printed
    call, received = "take_snapshot with a key", f"{sent(one_at_a_time).count(POST)} POST"
    matrix.note(
        KILLED, name, call=call, flavor=flavor.name, outcome="one snapshot", received=received
    )


def test_process_killed_twice_takes_one_snapshot(
    flavor: ClientFlavor, one_at_a_time: AtlasEmulator
) -> None:
    for name in ("POST carried out, not answered", "during the first list"):
        one_at_a_time.clear_requests()
        kill_at(one_at_a_time, flavor, STEPS[name])

    assert tagged(one_at_a_time) == run(one_at_a_time, flavor)


@pytest.mark.parametrize("seconds", [15, 25])
def test_delayed_post_of_a_killed_process_gives_one_snapshot(
    flavor: ClientFlavor, start_emulator: StartEmulator, seconds: float
) -> None:
    """Just before or just after it; Atlas refuses the later one of the two."""
    emulator = start_emulator(tick=10)
    step = STEPS["POST received, without effect"]
    kill_at(emulator, flavor, replace(step, fault=replace(step.fault, effect_after=seconds)))

    printed = run(emulator, flavor)

    assert tagged(emulator) == printed
    assert sent(emulator).count(POST) == 2
