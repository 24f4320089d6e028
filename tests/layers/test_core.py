"""Modules of the Rust core use only modules of lower layers; only `binding` uses Python.

Plain `crate::…` paths are read, and paths may not be written in another way.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
# From the bottom; modules of one line do not use each other, except for the last.
LAYERS = ["model", "error", "environment", "config credentials", "transport", "snapshots"]
TOP = {"binding", "fuzz"}
ALLOWED = {
    module: set(" ".join(LAYERS[:level]).split())
    for level, layer in enumerate(LAYERS)
    for module in layer.split()
} | {module: set(" ".join(LAYERS).split()) for module in TOP}
OWNERS = {r"\b(pyo3|pythonize)::": "binding", r"\breqwest::": "transport"}
COMMENT = re.compile(r"//[^\n]*")
GROUP = re.compile(r"\bcrate::(\{[^;]*\}|\*|self\b)")


def code(module: str) -> dict[Path, str]:
    files = [SRC / f"{module}.rs", *(SRC / module).rglob("*.rs")]
    return {path: COMMENT.sub("", path.read_text("utf-8")) for path in files if path.exists()}


def test_every_module_has_a_layer() -> None:
    declared = re.findall(
        r"^(?:pub )?mod (\w+);", (SRC / "lib.rs").read_text("utf-8"), re.MULTILINE
    )

    assert set(declared) == set(ALLOWED)


@pytest.mark.parametrize("module", ALLOWED)
def test_module_uses_lower_layers_only(module: str) -> None:
    for path, text in code(module).items():
        used = set(re.findall(r"\bcrate::(\w+)", text))

        assert used - {module} <= ALLOWED[module], path
        assert not GROUP.search(text), path


@pytest.mark.parametrize("pattern", OWNERS)
def test_library_is_used_by_its_owner_only(pattern: str) -> None:
    users = {
        module for module in ALLOWED for text in code(module).values() if re.search(pattern, text)
    }

    assert users == {OWNERS[pattern]}
