"""Describes the public interface, one line a name: what `test_announced.py` compares.

`python -m tests.interface.description` writes it anew. The sources are read, not run (griffe), so
that Airflow need not be there; only the options of the command line are asked of their parsers.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from unittest import mock

import griffe

from atlas_backups.cli.program import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

ROOT = Path(__file__).parents[2]
WRITTEN = Path(__file__).with_name("public.txt")
MODULES = ("atlas_backups", "atlas_backups.emulator", "atlas_backups.airflow")
# How a class is made, shown and pickled: tests of their own say what must hold of it.
_NOT_TOLD = {
    *("__dataclass_fields__", "__doc__", "__match_args__", "__module__", "__slots__"),
    *("__copy__", "__deepcopy__", "__reduce__", "__repr__", "__setstate__"),
}


def described() -> str:
    """Return the description of today's sources."""
    paths = [ROOT / "python"]
    package = griffe.load("atlas_backups", search_paths=paths, allow_inspection=False)
    modules = [package.modules_collection[path] for path in MODULES]
    public = {
        f"{module.path}.{name}": _target(module[str(name)])
        for module in modules
        for name in sorted(map(str, module.exports or ()))
    }
    told_of = {found.path for found in public.values()}
    lines = [line for path, found in public.items() for line in _lines(path, found, told_of)]
    for command in COMMANDS:
        lines += _options(command)
    return "".join(f"{line}\n" for line in lines)


def _target(found: griffe.Object | griffe.Alias) -> griffe.Object:
    return found.final_target if isinstance(found, griffe.Alias) else found


def _lines(path: str, told: griffe.Object, told_of: Container[str] = ()) -> Iterator[str]:
    if isinstance(told, griffe.Class):
        bases = ", ".join(str(base) for base in told.bases)
        yield f"class {path}({bases})" + "".join(f" {one}" for one in sorted(told.labels))
        inherited = {name: _target(found) for name, found in told.inherited_members.items()}
        own = {name: _target(found) for name, found in told.members.items()}
        # What a public base has is told there.
        ours = {
            name: it for name, it in inherited.items() if it.path.rpartition(".")[0] not in told_of
        } | own
        for name in sorted(filter(_is_public, ours)):
            yield from _lines(f"{path}.{name}", ours[name])
    elif isinstance(told, griffe.Function):
        for overload in told.overloads or ():
            yield _function(path, overload)
        yield _function(path, told)
    elif isinstance(told, griffe.Attribute):
        labels = {"property", "writable"} & told.labels
        kind = "".join(f"{label} " for label in sorted(labels))
        # A constant is told with its value; the value of a field is its default.
        annotation = f": {told.annotation}" if told.annotation else ""
        value = f" = {told.value}" if told.value else ""
        yield f"{kind}{path}{annotation}{value}"
    else:
        raise TypeError(f"{path} is of no kind that can be described")


def _function(path: str, told: griffe.Function) -> str:
    labels = {"async", "classmethod", "staticmethod"} & told.labels
    kind = "".join(f"{label} " for label in sorted(labels))
    return f"{kind}def {path}{told.signature().removeprefix(told.name)}"


def _is_public(name: str) -> bool:
    is_special = name.startswith("__") and name.endswith("__")
    return name not in _NOT_TOLD and (is_special or not name.startswith("_"))


class _Caught(Exception):  # noqa: N818  # no error
    pass


def _options(command: str) -> Iterator[str]:
    """Ask the parser of a command for its arguments, in any order in which they are written."""
    parsers: list[argparse.ArgumentParser] = []

    def catch(self: argparse.ArgumentParser, *_: object) -> NoReturn:
        parsers.append(self)
        raise _Caught

    patch = mock.patch.object(argparse.ArgumentParser, "parse_known_args", catch)
    with patch, suppress(_Caught):
        import_module(COMMANDS[command][0]).main([])
    (parser,) = parsers
    for line in sorted(_option(action) for action in parser._actions):
        yield f"atlas-backups {command} {line}"


def _option(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings) or f"<{action.dest}>"
    values = "" if action.nargs == 0 else f" {action.nargs or 1}"
    choices = "" if action.choices is None else f" of {sorted(map(str, action.choices))}"
    default = "" if action.default in (None, argparse.SUPPRESS) else f" = {action.default!r}"
    return f"{names}{values}{choices}{default}{' required' if action.required else ''}"


if __name__ == "__main__":
    WRITTEN.write_text(described(), encoding="utf-8")
