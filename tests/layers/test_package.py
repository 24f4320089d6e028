"""The rooms of the package know the public interface, and nobody knows a room but its door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "python" / "atlas_backups"
NAME = PACKAGE.name
# Who may import a room, inside a function too; `test_importing.py` says what is loaded when.
DOORS = {
    "airflow": set[str](),
    "cli": {"__main__"},
    "emulator": {"cli"},
    "html": {"_shown"},
}
# What a room may import of the package, besides itself. `_quantities` has the words for ages and
# sizes, the same wherever they are shown.
MAY = {
    "airflow": {"", "errors", "_quantities"},
    "emulator": {""},
}
# Who may touch the core: everybody else goes through the client.
CORE = {"", "client"}


def room(path: Path) -> str:
    """Return which part of the package a file is of; the package's own file is of ``''``."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(path: Path) -> set[str]:
    """Return which parts of the package a file imports, as annotations or late as well."""
    folder = [NAME, *path.relative_to(PACKAGE).parts[:-1]]
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            # A name may be a module, or be in one.
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return {part(name) for name in found if f"{name}.".startswith(f"{NAME}.")}


def part(name: str) -> str:
    first = name.removeprefix(NAME).removeprefix(".").partition(".")[0]
    is_module = (PACKAGE / first).is_dir() or (PACKAGE / f"{first}.py").exists()
    return first if is_module or first == "_core" else ""


def importers(of: str) -> set[str]:
    return {room(path) for path in PACKAGE.rglob("*.py") if of in imported(path)}


@pytest.mark.parametrize("name", DOORS)
def test_a_room_is_entered_by_its_door_only(name: str) -> None:
    assert importers(name) - {name} == DOORS[name]


@pytest.mark.parametrize("name", MAY)
def test_a_room_knows_the_public_interface_only(name: str) -> None:
    known = {one for path in (PACKAGE / name).rglob("*.py") for one in imported(path)}

    assert known - {name} <= MAY[name]


def test_only_the_client_touches_the_core() -> None:
    assert importers("_core") == CORE
