"""Takes a snapshot of every cluster of one large project, from an emulator in a process of its own.

Its rate limit runs ten times as fast as Atlas' own. Prints the refusals, the client's peak memory,
and the time beside what the token bucket allows. `make scale` runs it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from typing import TYPE_CHECKING

from atlas_backups import AccessToken, AtlasBackups, SnapshotRequest
from atlas_backups.emulator import AtlasEmulator, Cluster, Limits, Project, RateLimit, World

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CAPACITY, REFILL, PERIOD_SECONDS, FASTER = 1200, 500, 60.0, 10.0
GROUP_ID = "32b6e34b3d91647abb20e7b8"
TOO_MANY_REQUESTS = 429
KIBIBYTES_PER_MEBIBYTE = 1024


def serve(clusters: int, pipe: Connection) -> None:
    """Run the emulator until a stop message; then send the counts of POSTs, 429s and snapshots."""
    names = (Cluster(name=f"Cluster{number}") for number in range(clusters))
    world = World(projects=(Project(name="Large", id=GROUP_ID, clusters=tuple(names)),))
    bucket = RateLimit(capacity=CAPACITY, refill=REFILL, period_seconds=PERIOD_SECONDS)
    limits = Limits(snapshots=bucket.faster(FASTER))
    with AtlasEmulator(world=world, limits=limits) as emulator:
        pipe.send((emulator.base_url, emulator.credential("access_token").secret))
        pipe.recv()
        posts = [request.status for request in emulator.requests if request.method == "POST"]
        pipe.send((len(posts), posts.count(TOO_MANY_REQUESTS), len(emulator.snapshots)))


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIBIBYTES_PER_MEBIBYTE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=64)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(arguments.clusters, theirs))
    server.start()
    base_url, token = ours.recv()
    requests = (
        SnapshotRequest(group_id=GROUP_ID, cluster_name=f"Cluster{number}")
        for number in range(arguments.clusters)
    )
    before, begun = peak_mebibytes(), time.monotonic()
    with AtlasBackups(AccessToken(token), base_url=base_url) as atlas:
        outcomes = atlas.take_snapshots(requests, concurrency=arguments.concurrency)
        failed = sum(outcome.error is not None for outcome in outcomes)
    seconds = time.monotonic() - begun
    ours.send("stop")
    posts, throttled, snapshots = ours.recv()
    server.join()
    per_second = REFILL / PERIOD_SECONDS * FASTER
    allowed = max(0.0, (arguments.clusters - CAPACITY) / per_second)
    print(f"clusters {arguments.clusters}, snapshots {snapshots}, failed {failed}")
    print(f"POSTs {posts}, of them rejected with 429: {throttled}")
    ratio = f" (ratio {seconds / allowed:.3f})" if allowed else ""
    print(f"time {seconds:.1f} s; the bucket allows it in {allowed:.1f} s{ratio}")
    print(f"peak memory {peak_mebibytes():.0f} MiB, {before:.0f} MiB before the fleet")


if __name__ == "__main__":
    main()
