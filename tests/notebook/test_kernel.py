"""The client in a kernel: its running loop, interrupts, restarts and child processes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.waiting import until

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.notebook.kernel import Kernel

WAITS = {
    "sync": "atlas.wait_for_snapshot(snapshot, poll_interval=0.1, progress=True)",
    "async": "await atlas.wait_for_snapshot_async(snapshot, poll_interval=0.1, progress=True)",
}

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def polls(emulator: AtlasEmulator) -> int:
    """Return the number of requests for one snapshot."""
    return sum(r.method == "GET" and "/snapshots/" in r.path for r in emulator.requests)


def test_sync_call_works_in_a_running_loop(kernel: Kernel) -> None:
    cell = kernel.run(
        "import asyncio\n"
        "assert asyncio.get_running_loop().is_running()\n"
        "snapshot = atlas.take_snapshot(*where)\n"
        "print(atlas.wait_for_snapshot(snapshot, poll_interval=0.1).status)"
    )

    assert cell.error is None, cell.traceback
    assert cell.text == "completed\n"


def test_async_calls_work_at_the_top_level(kernel: Kernel, emulator: AtlasEmulator) -> None:
    cell = kernel.run(
        "import asyncio\n"
        f"others = where[0], {emulator.sharded_cluster_name!r}\n"
        "calls = (atlas.take_snapshot_async(*place, wait=True) for place in (where, others))\n"
        "print(*[snapshot.status for snapshot in await asyncio.gather(*calls)])"
    )

    assert cell.error is None, cell.traceback
    assert cell.text == "completed completed\n"


def test_async_iterator_works_at_the_top_level(kernel: Kernel) -> None:
    cell = kernel.run(
        "snapshot = await atlas.take_snapshot_async(*where)\n"
        "async for seen in atlas.watch_snapshot_async(snapshot, poll_interval=0.1):\n"
        "    last = seen\n"
        "print(last.status)"
    )

    assert cell.error is None, cell.traceback
    assert cell.text == "completed\n"


TAKES = {
    "sync": "atlas.take_snapshot(where[0], 'Gone')",
    "async": "await atlas.take_snapshot_async(where[0], 'Gone')",
}


@pytest.mark.parametrize("take", TAKES.values(), ids=TAKES)
def test_traceback_hides_frames_of_the_package(kernel: Kernel, take: str) -> None:
    cell = kernel.run(take)

    traceback = COLOUR.sub("", cell.traceback)
    assert cell.error == "ClusterNotFoundError"
    assert f"----> 1 {take}" in traceback
    assert "base.py" not in traceback


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_interrupted_wait_prints_resume_call(
    kernel: Kernel, emulator: AtlasEmulator, wait: str
) -> None:
    emulator.next_snapshot(never_ends=True)
    assert kernel.run("snapshot = atlas.take_snapshot(*where)").error is None
    (stored,) = (snapshot for snapshot in emulator.snapshots if snapshot.status != "completed")
    cell = kernel.start(wait)
    until(lambda: polls(emulator) >= 2)

    kernel.interrupt()
    kernel.follow(cell, seconds=10)

    assert cell.error in ("KeyboardInterrupt", "CancelledError")
    assert f"{stored.group_id!r}, {stored.cluster_name!r}, {stored.id!r})" in cell.text
    assert "atlas.wait_for_snapshot(" in cell.text
    assert kernel.run("print(atlas.get_snapshot(snapshot).status)").text == "inProgress\n"


def test_interrupt_ends_a_fleet(kernel: Kernel, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(never_ends=True)
    cell = kernel.start(
        "from atlas_backups import SnapshotRequest\n"
        "names = where[1], 'Paused0'\n"
        "requests = [SnapshotRequest(group_id=where[0], cluster_name=name) for name in names]\n"
        "outcomes = list(atlas.take_snapshots(requests, wait=True, progress=True))"
    )
    until(lambda: polls(emulator) >= 1)

    kernel.interrupt()
    kernel.follow(cell, seconds=10)

    assert cell.error == "KeyboardInterrupt"
    assert kernel.run("print(len(atlas.list_projects()))").text == "2\n"


def test_kernel_restarts_during_a_wait(kernel: Kernel, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(never_ends=True)
    kernel.run("snapshot = atlas.take_snapshot(*where)")
    kernel.start(WAITS["sync"])
    until(lambda: polls(emulator) >= 2)

    kernel.restart()
    cell = kernel.run(
        "from atlas_backups import AtlasBackups\n"
        f"atlas = AtlasBackups()\n"
        f"print(atlas.list_snapshots({emulator.group_id!r}, {emulator.cluster_name!r})[0].status)"
    )

    assert cell.error is None, cell.traceback
    assert cell.text == "inProgress\n"


PROCESSES = {
    "fork": "get_context('fork').Pool(2) as pool:\n    seen = pool.map(read, [taken] * 4)",
    "spawn": "get_context('spawn').Pool(2) as pool:\n"
    "    seen = [s.id for s in pool.starmap(AtlasBackups.get_snapshot, [(atlas, taken)] * 4)]",
}


@pytest.mark.parametrize("pool", PROCESSES.values(), ids=PROCESSES)
def test_child_processes_use_the_client(kernel: Kernel, pool: str) -> None:
    cell = kernel.run(
        "import multiprocessing\n"
        "def read(snapshot):\n"
        "    return atlas.get_snapshot(snapshot).id\n"
        "taken = atlas.take_snapshot(*where)\n"
        f"with multiprocessing.{pool}\n"
        "print(seen == [read(taken)] * 4)"
    )

    assert cell.error is None, cell.traceback
    assert cell.text.endswith("True\n")  # CPython 3.12 and newer warn of forks with threads
