"""Counts the instructions of a call with valgrind, which do not depend on the machine's mood.

What is counted stands in `benches/instructions.json`, so that a change of the code that costs or
saves shows in its diff; counts of another compiler or interpreter differ a little. Of each subject
a few calls and more calls are counted: the difference is what one call takes, without the start.
`make bench-instructions` runs it; it needs valgrind.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

from clients import PATH
from running import HERE, output, serving

if TYPE_CHECKING:
    from collections.abc import Callable

FEW, MORE = 100, 1100
PAGES = 100  # of 500 snapshots each, in the list that the server has


def counted(command: list[str]) -> int:
    """Count all instructions of a program, whichever of its threads takes them."""
    log = HERE / f".valgrind-{os.getpid()}"
    try:
        valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        output([*valgrind, f"--log-file={log}", *command])
        found = re.search(r"Collected : (\d+)", log.read_text(encoding="utf-8"))
    finally:
        log.unlink(missing_ok=True)
    if found is None:
        raise SystemExit("valgrind counted nothing")
    return int(found[1])


def per_call(program: Callable[[int], list[str]], few: int = FEW, more: int = MORE) -> int:
    return round((counted(program(more)) - counted(program(few))) / (more - few))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--reqwest", type=Path, required=True)
    parser.add_argument("--python", required=True, help="where the clients are installed")
    parser.add_argument("--kept", type=Path, required=True, help="file of the counts")
    options = parser.parse_args()
    python, reqwest = str(Path(options.python).absolute()), str(options.reqwest.resolve())

    def calls(name: str) -> Callable[[int], list[str]]:
        measure = [python, str(HERE / "measure.py"), "calls", name, base_url]
        return lambda count: [*measure, str(count), "1"]

    with serving(options.server) as address:
        base_url = f"http://{address}"
        lists = [python, str(HERE / "listing.py"), base_url]
        counts = {
            "reqwest in Rust": per_call(lambda count: [reqwest, base_url + PATH, str(count), "1"]),
            "take_snapshot": per_call(calls("atlas-backups")),
            "take_snapshot_async": per_call(calls("atlas-backups async")),
            "pyreqwest": per_call(calls("pyreqwest")),
            "pyreqwest async": per_call(calls("pyreqwest async")),
            "a page of 500 in list_snapshots": per_call(lambda n: [*lists, str(n)], 0, 1) // PAGES,
        }
    kept: dict[str, int] = {}
    if options.kept.exists():
        kept = json.loads(options.kept.read_text(encoding="utf-8"))["instructions"]
    for subject, count in counts.items():
        before = kept.get(subject)
        change = f"{count / before - 1:+.1%}" if before else "new"
        print(f"{subject:34} {count:>12,} {change}")
    counted_with = {"python": platform.python_version(), "machine": platform.machine()}
    text = json.dumps({"instructions": counts, **counted_with}, indent=2)
    options.kept.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
