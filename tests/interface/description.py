"""Describes the public interface, one line a name: what `test_announced.py` compares.

`python -m tests.interface.description` writes it anew. The sources are read, not run (griffe), so
that Airflow need not be there; only the options of the command line are asked of their parsers.
A private name is replaced by the public one behind it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import griffe

from tests.interface.commands import commands
from tests.interface.packaging import ROOT, fixtures, packaging

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

WRITTEN = Path(__file__).with_name("public.txt")
MODULES = ("atlas_backups", "atlas_backups.emulator", "atlas_backups.airflow")
PLUGIN = "atlas_backups.emulator.pytest_plugin"
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
    known = {found.path for found in public.values()}
    lines = [line for path, found in public.items() for line in _lines(path, found, known)]
    lines += [*fixtures(package.modules_collection[PLUGIN]), *packaging(), *commands()]
    return "".join(f"{line}\n" for line in lines)


def _target(found: griffe.Object | griffe.Alias) -> griffe.Object:
    return found.final_target if isinstance(found, griffe.Alias) else found


def _lines(path: str, member: griffe.Object, known: Container[str]) -> Iterator[str]:
    if isinstance(member, griffe.Class):
        decorators = "".join(f"@{one.value} " for one in member.decorators)
        yield f"{decorators}class {path}({', '.join(_bases(member, known))})"
        inherited = {name: _target(found) for name, found in member.inherited_members.items()}
        own = {name: _target(found) for name, found in member.members.items()}
        # Members of a public base are listed there.
        ours = {
            name: it for name, it in inherited.items() if it.path.rpartition(".")[0] not in known
        } | own
        for name in sorted(filter(_is_public, ours)):
            yield from _lines(f"{path}.{name}", ours[name], known)
    elif isinstance(member, griffe.Function):
        for overload in member.overloads or ():
            yield _expanded(_function(path, overload), member, known)
        yield _expanded(_function(path, member), member, known)
    elif isinstance(member, griffe.Attribute):
        labels = {"property", "writable"} & member.labels
        kind = "".join(f"{label} " for label in sorted(labels))
        # A constant has its value; the value of a field is its default.
        annotation = f": {member.annotation}" if member.annotation else ""
        value = f" = {member.value}" if member.value else ""
        yield _expanded(f"{kind}{path}{annotation}{value}", member, known)
    else:
        raise TypeError(f"{path} is of no kind that can be described")


def _bases(member: griffe.Class, known: Container[str]) -> Iterator[str]:
    """Return the bases, each private one with its own, or not at all where it has none."""
    for base in member.bases:
        path = base.canonical_path if isinstance(base, griffe.Expr) else base
        found = _found(path, member)
        if not isinstance(found, griffe.Class) or found.path in known:
            yield str(base)
        elif behind := ", ".join(_bases(found, known)):
            yield f"{base}({behind})"


def _expanded(line: str, scope: griffe.Object, known: Container[str]) -> str:
    """Put in what private aliases and constants stand for."""

    def expanded(name: re.Match[str]) -> str:
        try:
            found = _found(scope.resolve(name[0]), scope)
        except griffe.NameResolutionError:
            return name[0]
        if (
            not isinstance(found, griffe.Attribute)
            or not isinstance(found.parent, griffe.Module)
            or found.path in known
            or str(found.value).startswith("TypeVar(")
        ):
            return name[0]
        value = str(found.value).strip("'")  # an alias may be quoted
        return _expanded(value, found.parent, known)

    return re.sub(r"\b_?[A-Z]\w+", expanded, line)


def _found(path: str, beside: griffe.Object) -> griffe.Object | None:
    """Return what is at a path; `None`: it is not of this package."""
    try:
        return _target(beside.modules_collection[path])
    except (griffe.AliasResolutionError, KeyError):
        return None


def _function(path: str, member: griffe.Function) -> str:
    labels = {"async", "classmethod", "staticmethod"} & member.labels
    kind = "".join(f"{label} " for label in sorted(labels))
    return f"{kind}def {path}{member.signature().removeprefix(member.name)}"


def _is_public(name: str) -> bool:
    is_special = name.startswith("__") and name.endswith("__")
    return name not in _NOT_TOLD and (is_special or not name.startswith("_"))


if __name__ == "__main__":
    WRITTEN.write_text(described(), encoding="utf-8")
