"""Allowed imports between the packages (`MAY`); each is entered through its `__init__` only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "python" / "atlas_backups"
NAME = PACKAGE.name
# Who may import a room, inside a function too; `test_importing.py` says what is loaded when.
DOORS = {
    # The public interface, which the results and errors it is made of do not know.
    "": {"airflow", "cli", "emulator"},
    "_pyinstaller": set[str](),
    "airflow": set[str](),
    "cli": {"__main__"},
    "client": {""},
    "emulator": {"cli"},
    "html": {"_repr"},
    "progress": {"cli", "client", "html"},
}
# What a room may import of the package, besides itself. `_format` has the words for ages and
# sizes, `progress` those for what to do next, the same wherever they are shown.
MAY = {
    "_pyinstaller": set[str](),
    "airflow": {"", "_format", "errors"},
    "cli": {
        "",
        "_plain",
        "_format",
        "emulator",
        "errors",
        "models",
        "progress",
    },
    "emulator": {"", "_threads"},
    "html": {
        "_immutable",
        "_format",
        "coverage",
        "errors",
        "fleet",
        "models",
        "progress",
    },
    "progress": {"_ipython", "_threads", "fleet", "models"},
}
# Who may touch the core: everybody else goes through the client.
CORE = {"", "client"}


def room(path: Path) -> str:
    """Return which part of the package a file is of; the package's own file is of ``''``."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(path: Path, text: str | None = None) -> set[str]:
    """Return which parts of the package a file imports, as annotations or late as well."""
    folder = [NAME, *path.relative_to(PACKAGE).parts[:-1]]
    tree = list(ast.walk(ast.parse(path.read_text(encoding="utf-8") if text is None else text)))
    found = set[str]()
    whole = set[str]()
    for node in tree:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
            whole.update(alias.asname or NAME for alias in node.names if is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            # A name may be a module, or be in one.
            found.update(f"{module}.{alias.name}" for alias in node.names)
    for node in tree:
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in whole:
            found.add(f"{NAME}.{node.attr}")
    return {part(name) for name in found if is_ours(name)}


def is_ours(name: str) -> bool:
    return f"{name}.".startswith(f"{NAME}.")


def part(name: str) -> str:
    first = name.removeprefix(NAME).removeprefix(".").partition(".")[0]
    is_module = (PACKAGE / first).is_dir() or (PACKAGE / f"{first}.py").exists()
    return first if is_module or first == "_core" else ""


def importers(of: str) -> set[str]:
    return {room(path) for path in PACKAGE.rglob("*.py") if of in imported(path)}


@pytest.mark.parametrize("name", DOORS)
def test_package_is_imported_through_its_init_only(name: str) -> None:
    assert importers(name) - {name} == DOORS[name]


@pytest.mark.parametrize("name", MAY)
def test_a_room_knows_only_what_its_line_says(name: str) -> None:
    known = {one for path in (PACKAGE / name).rglob("*.py") for one in imported(path)}

    assert known - {name} == MAY[name]


def test_every_package_has_an_init_and_a_rule() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

    assert rooms == set(DOORS) - {""} == {"client", *MAY}


@pytest.mark.parametrize("file", ["html/render.py", "cli/take.py", "models.py"])
@pytest.mark.parametrize(
    "text",
    [
        "from atlas_backups.client.base import Base",
        "from atlas_backups.client import base",
        "from atlas_backups import client",
        "import atlas_backups.client.base",
        "import atlas_backups.client.base as base",
        "import atlas_backups as public\npublic.client.base.Base",
        "import atlas_backups.models\natlas_backups.client.base.Base",
        "if TYPE_CHECKING:\n    from atlas_backups.client.base import Base",
        "def late():\n    from atlas_backups.client.base import Base",
    ],
)
def test_the_client_behind_the_interface_is_seen_however_it_is_imported(
    file: str,
    text: str,
) -> None:
    path = PACKAGE / file

    assert "client" in imported(path, text)
    assert room(path) not in DOORS["client"]


def test_a_relative_import_is_seen() -> None:
    assert imported(PACKAGE / "html/render.py", "from ..client.base import Base") == {"client"}
    assert imported(PACKAGE / "models.py", "from . import client") == {"client"}


def test_only_the_client_touches_the_core() -> None:
    assert importers("_core") == CORE
