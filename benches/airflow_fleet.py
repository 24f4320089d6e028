"""Takes a snapshot of every cluster of a large project by mapped, deferred tasks of a real Airflow.

The emulator keeps Atlas' rate limits, and a snapshot takes as long as the recorded one. Prints what
it received, and the triggerer's memory before and while it waits. `make airflow-fleet` runs it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from atlas_backups.emulator import AtlasEmulator
from tests.airflow_integration.deployment import Deployment
from tests.airflow_integration.programs import resident_mebibytes
from tests.airflow_integration.world import FLEET_ID, make_world

RECORDED_SECONDS = 157.0
TOO_MANY_REQUESTS = 429
LOOK_SECONDS = 2.0
ENDED = frozenset({"success", "failed", "upstream_failed"})


def watch(airflow: Deployment, clusters: int) -> tuple[int, int, float]:
    """Run the DAG; return how many tasks succeeded, were deferred at most, and peak memory."""
    run = airflow.trigger("fleet", "fleet", group_id=FLEET_ID)
    states: list[str | None] = []
    deferred, peak = 0, 0.0
    while len(states) != clusters or not ENDED.issuperset(states):
        time.sleep(LOOK_SECONDS)
        states = run.states("take")
        deferred = max(deferred, states.count("deferred"))
        peak = max(peak, resident_mebibytes(airflow.triggerer.pid))
    return states.count("success"), deferred, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=200)
    parser.add_argument("--parallelism", type=int, default=8, help="tasks that run at a time")
    arguments = parser.parse_args()
    world = make_world(fleet=arguments.clusters)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        AtlasEmulator(world=world, snapshot_seconds=RECORDED_SECONDS) as service,
        Deployment(Path(home), service, parallelism=arguments.parallelism) as airflow,
    ):
        airflow.add_pool("fleet", arguments.clusters)
        idle = resident_mebibytes(airflow.triggerer.pid)
        begun = time.monotonic()
        succeeded, deferred, peak = watch(airflow, arguments.clusters)
        seconds = time.monotonic() - begun
        requests = service.requests
        posts = [item for item in requests if item.method == "POST" and FLEET_ID in item.path]
        tokens = [item for item in requests if item.path.endswith("/oauth/token")]
        throttled = [item for item in requests if item.status == TOO_MANY_REQUESTS]
        snapshots = [item for item in service.snapshots if item.group_id == FLEET_ID]
    print(f"mapped tasks {arguments.clusters}, succeeded {succeeded}, snapshots {len(snapshots)}")
    print(f"time {seconds:.0f} s; at most {deferred} deferred at a time")
    print(
        f"requests {len(requests)}: tokens {len(tokens)}, POSTs {len(posts)}, 429s {len(throttled)}"
    )
    print(f"triggerer: {idle:.0f} MiB idle, {peak:.0f} MiB at most")


if __name__ == "__main__":
    main()
