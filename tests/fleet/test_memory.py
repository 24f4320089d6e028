"""Memory of a fleet does not grow with the number of requests, measured in a process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Behaviour, Cluster, Limits, Project, World
from tests.flavor import GROUP_ID

if TYPE_CHECKING:
    from tests.conftest import StartEmulator
    from tests.flavor import ClientFlavor

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

# The generator could give a million; the iteration is ended after 3000 outcomes.
SCRIPT = f"""
import asyncio, sys
from contextlib import aclosing
from atlas_backups import AtlasBackups, SnapshotRequest

drawn = 0
def requests():
    global drawn
    for number in range(1_000_000):
        drawn += 1
        text = f"{{number:07}} " + "x" * 1000
        name = f"C{{number % 100}}"
        yield SnapshotRequest(group_id="{GROUP_ID}", cluster_name=name, description=text)

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4

def checked(outcome, count, before):
    assert outcome.error is None, outcome.error
    return resident() if count == 1000 else before

def main(atlas):
    before = 0
    outcomes = atlas.take_snapshots(requests())
    for count, outcome in enumerate(outcomes, 1):
        before = checked(outcome, count, before)
        if count == 3000:
            outcomes.close()
            return before

async def main_async(atlas):
    before = count = 0
    async with aclosing(atlas.take_snapshots_async(requests())) as outcomes:
        async for outcome in outcomes:
            count += 1
            before = checked(outcome, count, before)
            if count == 3000:
                return before

with AtlasBackups() as atlas:
    before = main(atlas) if sys.argv[1] == "sync" else asyncio.run(main_async(atlas))
    print(drawn, resident() - before)
"""


def test_memory_does_not_grow_with_the_number_of_requests(
    flavor: ClientFlavor, start_emulator: StartEmulator
) -> None:
    behaviour = Behaviour(busy_check_lag_seconds=None)
    clusters = tuple(Cluster(name=f"C{number}") for number in range(100))
    world = World(projects=(Project(name="P", id=GROUP_ID, clusters=clusters),))
    emulator = start_emulator(world=world, behaviour=behaviour, limits=Limits(snapshots=None))

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-W", "error", "-c", SCRIPT, flavor.name],
        env={**os.environ, **emulator.env},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert (done.returncode, done.stderr) == (0, "")
    drawn, grown_kib = map(int, done.stdout.split())
    assert 3000 <= drawn <= 3000 + 100
    # 2000 requests with a text of 1 kB, in several copies each, would be many times as much.
    assert grown_kib < 1500
