"""How cost grows: fleets from 10 to 100 000 clusters, a long list, ten processes with one token.

`make bench-scale` runs it. It writes a CSV file and, where matplotlib is installed, a picture.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from running import HERE, measured, processors, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = (10, 100, 1_000, 10_000, 100_000)
COLUMNS: Sequence[str] = (
    "clusters",
    "seconds",
    "cpu_seconds",
    "grown_mebibytes",
    "connections",
)
PROCESSES = 10
# What Atlas grants a project, by its documentation: so many at once, and so many a second.
CAPACITY, PER_SECOND = 1200, 500 / 60


def stats(base_url: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{base_url}/stats") as answer:  # noqa: S310  # loopback
        counts: dict[str, int] = json.load(answer)
        return counts


def fleets(base_url: str, sizes: list[int], processor: int | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for size in sizes:
        before = stats(base_url)
        found = measured([sys.executable, str(HERE / "fleet.py"), base_url, str(size)], processor)
        after = stats(base_url)
        if after["requests"] - before["requests"] != size:
            raise SystemExit(f"{size} clusters, but not as many requests: {before}, {after}")
        # Reading the statistics opens a connection too.
        connections = after["connections"] - before["connections"] - 1
        rows.append({"clusters": size, **found, "connections": connections})
        print(", ".join(f"{name} {rows[-1][name]:,.6g}" for name in COLUMNS), flush=True)
        floor = max(0.0, (size - CAPACITY) / PER_SECOND)
        print(f"    in one project of Atlas no client is done before {floor:,.0f} s", flush=True)
    return rows


def one_token(base_url: str) -> None:
    """Have processes that begin together share one token through a file."""
    before = stats(base_url)["tokens"]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(HERE / "sharing.py"), base_url, f"{folder}/token"]
        running = [subprocess.Popen(command) for _ in range(PROCESSES)]  # noqa: S603  # our own
        if any(process.wait() for process in running):
            raise SystemExit("one of the processes failed")
    tokens = stats(base_url)["tokens"] - before
    print(f"{PROCESSES} processes on one token cache: {tokens} token(s) fetched")


def draw(path: Path, picture: Path) -> None:
    try:
        plot = import_module("matplotlib.pyplot")
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sizes = [int(row["clusters"]) for row in rows]
    figure, (times, memory) = plot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name in ("seconds", "cpu_seconds"):
        label = name.replace("_", " ")
        times.loglog(sizes, [float(row[name]) for row in rows], "o-", label=label)
    times.set(title="take_snapshots", xlabel="clusters", ylabel="seconds")
    times.legend()
    memory.semilogx(sizes, [float(row["grown_mebibytes"]) for row in rows], "o-")
    memory.set(title="what the process grows by", xlabel="clusters", ylabel="MiB")
    memory.set_ylim(bottom=0)
    figure.savefig(picture, dpi=120)
    print(f"the picture is {picture}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="clusters of the largest fleet")
    options = parser.parse_args()
    first, second = (*processors(), None, None)[:2]
    with serving(options.server, processor=second) as address:
        base_url = f"http://{address}"
        sizes = [size for size in SIZES if size <= options.most]
        rows = fleets(base_url, sizes, first)
        with options.csv.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        found = measured([sys.executable, str(HERE / "listing.py"), base_url, "1"], first)
        print("a walk over {snapshots:,} snapshots: {seconds:.2f} s".format(**found))
        one_token(base_url)
    draw(options.csv, options.picture)


if __name__ == "__main__":
    main()
