"""The table of what `bench.py` measured."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from clients import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

# (client, column): one measurement per round.
Figures: TypeAlias = dict[tuple[str, str], list[float]]

BARE = "reqwest in Rust"
FLEET = "atlas-backups fleet"
OWN = ("atlas-backups", "atlas-backups async")
MANY, MOST = 64, 1000
# The columns of the table: name, unit and decimals.
COLUMNS = {
    "one by one": ("x", 2),
    "CPU a call": ("x", 2),
    f"{MANY} in flight": ("x rate", 3),
    f"{MOST} in flight": ("x rate", 3),
    "delay of the loop": ("ms", 1),
    "import": ("ms", 1),
    "first object": ("ms", 1),
    "growth": ("MiB", 1),
}


def shown(values: list[float], decimals: int) -> str:
    middle = f"{median(values):.{decimals}f}"
    if len(values) == 1 or min(values) == max(values):
        return middle
    return f"{middle} ({min(values):.{decimals}f} to {max(values):.{decimals}f})"


def table(figures: Figures, columns: list[str]) -> Iterator[str]:
    units = {column: COLUMNS[column.partition(",")[0]] for column in columns}
    yield "| | " + " | ".join(f"{it.partition(',')[0]}, {units[it][0]}" for it in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for name in (BARE, *OWN, FLEET, *(it for it in CLIENTS if it not in OWN)):
        cells = [figures.get((name, column), []) for column in columns]
        shown_cells = (
            shown(cell, units[column][1]) if cell else "-"
            for cell, column in zip(cells, columns, strict=True)
        )
        if any(cells):
            yield f"| {name} | " + " | ".join(shown_cells) + " |"


def report(figures: Figures) -> Iterator[str]:
    yield "Client and server on a processor each:\n"
    yield from table(figures, list(COLUMNS))
    together = [f"{column}, together" for column in list(COLUMNS)[:4]]
    yield "\nBoth on one processor:\n"
    yield from table(figures, together)
    yield ""
    for (name, what), values in figures.items():
        if what not in COLUMNS and what.removesuffix(", together") not in COLUMNS:
            yield f"{name}: {what}: {shown(values, 1)}"
