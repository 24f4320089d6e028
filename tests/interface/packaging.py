"""Describes what is promised in `pyproject.toml`, and the fixtures of the pytest plugin."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import griffe

ROOT = Path(__file__).parents[2]


def packaging() -> Iterator[str]:
    """Return the Python that is needed, the extras and the entry points."""
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")  # pytest's on 3.10
    project = toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield f"requires-python {project['requires-python']}"
    for extra in sorted(project["optional-dependencies"]):
        yield f"extra {extra}"
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    for group, points in groups.items():
        for name, target in points.items():
            yield f"entry point {group} {name} = {target}"


def fixtures(plugin: griffe.Module) -> Iterator[str]:
    """Return the fixtures of a pytest plugin."""
    for function in plugin.functions.values():
        for decorator in function.decorators:
            if "fixture" in str(decorator.value):
                yield f"@{decorator.value} def {function.signature()}"
