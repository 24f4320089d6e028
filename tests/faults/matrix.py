"""The fault matrix: its cells, and the page docs/fault-matrix.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import astuple, dataclass, fields, replace
from typing import TYPE_CHECKING

from atlas_backups import AmbiguousOutcomeError
from tests.faults.matrix_rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.raw_server import Received

FLAVORS = ("sync", "async")
HEAD = """# Fault matrix

The outcome of each call for each fault, as recorded by the tests. `make fault-matrix` writes this
file, and every test run compares it. *R*: retried within the budget, then success or the last
cause. *A*: ambiguous, because the snapshot may have been taken; the server has received at most
one POST, and never gets a second one. *F*: a typed error. Received requests are complete ones,
without those for a token. Unless the fault says "always", the next request would succeed.
"""


@dataclass(frozen=True)
class Entry:
    """One cell: a variant of a fault in a call of one flavor."""

    row: str
    fault: str
    call: str
    flavor: str
    outcome: str
    received: str
    expected: str
    tested_by: str


_COLUMNS = tuple(field.name.replace("_", " ") for field in fields(Entry))[1:]


def outcome_of(result: object) -> str:
    """Return the class of a result or exception, with the cause of an ambiguous one."""
    name = type(result).__name__
    if isinstance(result, AmbiguousOutcomeError):
        return f"{name}, cause {type(result.cause).__name__}"
    return name


def count(requests: Iterable[Received]) -> str:
    """Count the complete requests of each method, without those to the token endpoint."""
    return in_words(
        Counter(it.method for it in requests if not it.target.startswith("/api/oauth/"))
    )


def in_words(methods: Counter[str]) -> str:
    return (
        ", ".join(f"{number} {method}" for method, number in sorted(methods.items()) if number)
        or "none"
    )


def render(entries: Iterable[Entry]) -> str:
    """Return the page; cells that differ only by flavor share a line."""
    flavors: defaultdict[Entry, set[str]] = defaultdict(set)
    for entry in entries:
        flavors[replace(entry, flavor="")].add(entry.flavor)
    sections: list[str] = [HEAD]
    for row in ROWS:
        lines = [
            _line(*astuple(replace(entry, flavor=", ".join(sorted(names, key=FLAVORS.index))))[1:])
            for entry, names in sorted(flavors.items(), key=lambda item: astuple(item[0]))
            if entry.row == row.title
        ]
        if lines:
            table = [_line(*_COLUMNS), _line(*("---" for _ in _COLUMNS)), *lines]
            sections.append("\n".join([f"## {row.title}", "", *table, ""]))
    return "\n".join(sections)


def parse(page: str) -> frozenset[Entry]:
    """Return the cells of a page."""
    entries: set[Entry] = set()
    title = ""
    for line in page.splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ")
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if title and line.startswith("|") and tuple(cells) != _COLUMNS and cells[0] != "---":
            entry = Entry(title, *cells)
            entries.update(replace(entry, flavor=flavor) for flavor in entry.flavor.split(", "))
    return frozenset(entries)


def _line(*cells: str) -> str:
    assert not any("|" in cell for cell in cells)
    return f"| {' | '.join(cells)} |"
