"""Measures clients beside one another and prints a table; `make bench` runs it.

Every round measures every client once, so that load on the machine affects all of them. Times are
multiples of a bare reqwest loop in the same round: the median of the rounds, with minimum and
maximum. Client and server first run on a processor each, then both share one, which excludes the
wake-up of another processor.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from clients import CLIENTS, PATH
from running import HERE, measured, output, processors, serving
from table import BARE, FLEET, MANY, MOST, OWN, Figures, report

MEMORY_CALLS = 100_000


class Timed(NamedTuple):
    """Seconds that one call took, of the clock and of the processor."""

    wall: float
    cpu: float


class Tools(NamedTuple):
    """What is run, and where."""

    python: str
    reqwest: str
    base_url: str
    client_processor: int | None
    calls: int

    def of_client(self, what: str, name: str, calls: int, at_once: int) -> dict[str, float]:
        """Run `measure.py`."""
        program = [self.python, str(HERE / "measure.py"), what, name]
        arguments = [self.base_url, str(calls), str(at_once)]
        return measured(program + arguments, self.client_processor)

    def calls_of_client(self, what: str, name: str, share: float, at_once: int) -> Timed:
        """Time calls of one client."""
        calls = max(int(self.calls * share), 2 * at_once)
        found = self.of_client(what, name, calls, at_once)
        return Timed(found["wall"] / calls, found["cpu"] / calls)

    def calls_of_reqwest(self, at_once: int) -> Timed:
        """Time calls of the bare loop."""
        calls = max(self.calls, 2 * at_once)
        arguments = [self.base_url + PATH, str(calls), str(at_once)]
        found = measured([self.reqwest, *arguments], self.client_processor)
        return Timed(found["wall"] / calls, found["cpu"] / calls)


def throughput(tools: Tools, placement: str, figures: Figures) -> None:
    """Measure one round of calls of every client."""
    bare = {at_once: tools.calls_of_reqwest(at_once) for at_once in (1, MANY, MOST)}

    def note(name: str, column: str, value: float) -> None:
        figures[name, f"{column}{placement}"].append(value)

    note(BARE, "one by one", 1)
    note(BARE, "CPU a call", 1)
    note(BARE, "microseconds one by one", bare[1].wall * 1e6)
    note(BARE, "microseconds of CPU a call", bare[1].cpu * 1e6)
    for at_once in (MANY, MOST):
        note(BARE, f"{at_once} in flight", 1)
        note(BARE, f"calls a second, {at_once} in flight", 1 / bare[at_once].wall)
        found = tools.calls_of_client("fleet", OWN[0], 1, at_once)
        note(FLEET, f"{at_once} in flight", bare[at_once].wall / found.wall)
    for name, (_, _, share) in CLIENTS.items():
        found = tools.calls_of_client("calls", name, share, 1)
        note(name, "one by one", found.wall / bare[1].wall)
        note(name, "CPU a call", found.cpu / bare[1].cpu)
        for at_once in (MANY, MOST) if name.endswith("async") else (MANY,):
            found = tools.calls_of_client("calls", name, share, at_once)
            note(name, f"{at_once} in flight", bare[at_once].wall / found.wall)


def starts(tools: Tools, figures: Figures) -> None:
    """Measure one round of what a process pays before and for its first call."""

    def milliseconds_to_print(arguments: list[str]) -> float:
        """Start an interpreter and return the milliseconds until the time that it prints."""
        begun = time.monotonic()
        return (float(output([tools.python, *arguments], tools.client_processor)) - begun) * 1e3

    now = "import time; print(time.monotonic())"
    bare = milliseconds_to_print(["-c", now])
    for name, (module, _, _) in CLIENTS.items():
        figures[name, "import"].append(
            milliseconds_to_print(["-c", f"import {module}; {now}"]) - bare
        )
        first = milliseconds_to_print([str(HERE / "first.py"), name, tools.base_url])
        figures[name, "first object"].append(first - bare)
    class_itself = f"from atlas_backups import AtlasBackups; {now}"
    figures[OWN[0], "import of the class"].append(
        milliseconds_to_print(["-c", class_itself]) - bare
    )


def delays(tools: Tools, figures: Figures) -> None:
    for name, (_, _, share) in CLIENTS.items():
        if name.endswith("async"):
            found = tools.of_client("delay", name, max(int(tools.calls * share), 2 * MOST), MOST)
            figures[name, "delay of the loop"].append(found["milliseconds"])


def growth(tools: Tools, figures: Figures) -> None:
    for name in OWN:
        at_once = MANY if name.endswith("async") else 1
        found = tools.of_client("memory", name, min(MEMORY_CALLS, 25 * tools.calls), at_once)
        figures[name, "growth"].append(found["mebibytes"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--reqwest", type=Path, required=True)
    parser.add_argument("--python", required=True, help="where all the clients are installed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--json", type=Path, help="file for every single figure")
    options = parser.parse_args()
    first, second = (*processors(), None, None)[:2]
    figures: Figures = defaultdict(list)
    for number in range(options.rounds):
        for placement, processor in (("", second), (", together", first)):
            with serving(options.server, processor=processor) as address:
                base_url = f"http://{address}"
                python, reqwest = Path(options.python).absolute(), options.reqwest.resolve()
                tools = Tools(str(python), str(reqwest), base_url, first, options.calls)
                throughput(tools, placement, figures)
                if not placement:
                    starts(tools, figures)
                    delays(tools, figures)
                    if number == 0:
                        growth(tools, figures)
        print(f"round {number + 1} of {options.rounds} is done", flush=True)
    print("\n".join(report(figures)))
    if options.json:
        figures_by_name = {f"{name}: {what}": values for (name, what), values in figures.items()}
        options.json.write_text(json.dumps(figures_by_name, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
