"""Dependencies of the Rust core point down only, as the map in `src/lib.rs` says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
# What each module may name of the others: all that is below it.
BELOW = {
    "model": set[str](),
    "error": {"model"},
    "config": {"model", "error"},
    "credentials": {"model", "error"},
    "transport": {"model", "error", "config", "credentials"},
    "snapshots": {"model", "error", "config", "credentials", "transport"},
    "binding": {"model", "error", "config", "credentials", "transport", "snapshots"},
    # What a fuzzer of another crate calls; it is in no build that is used.
    "fuzz": {"model", "error", "config", "credentials", "transport", "snapshots"},
}
# What belongs to one layer alone: Python, and what opens connections.
ALONE = {"pyo3": "binding", "pythonize": "binding", "reqwest::Client": "transport"}

_COMMENT = re.compile(r"//.*")
_MODULE = re.compile(r"^\s*(?:pub )?mod (\w+);", re.MULTILINE)
_NAMED = re.compile(r"\bcrate::(\w+)")
_NAMED_TOGETHER = re.compile(r"\bcrate::\{(.*?)\};", re.DOTALL)
_FIRST = re.compile(r"(?:^|,)\s*(\w+)")
_INSIDE = re.compile(r"\{[^{}]*\}")


def files(layer: str) -> list[Path]:
    found = [SRC / f"{layer}.rs", *(SRC / layer).rglob("*.rs")]
    return [path for path in found if path.exists()]


def code(path: Path) -> str:
    return _COMMENT.sub("", path.read_text(encoding="utf-8"))


def named(text: str) -> set[str]:
    """Return the modules at the top of the crate that a text names."""
    names = set(_NAMED.findall(text))
    for inside in _NAMED_TOGETHER.findall(text):
        flat = inside
        while _INSIDE.search(flat):
            flat = _INSIDE.sub("", flat)
        names.update(_FIRST.findall(flat))
    return names


def test_the_map_has_every_module() -> None:
    assert set(_MODULE.findall(code(SRC / "lib.rs"))) == set(BELOW)


def test_a_path_is_recognized_however_it_is_written() -> None:
    assert named("use crate::error::{Error, kind::Kind};") == {"error"}
    assert named("let x = crate::config::Config::default();") == {"config"}
    assert named("use crate::{\n    model::{Snapshot, Project},\n    transport,\n};") == {
        "model",
        "transport",
    }


@pytest.mark.parametrize("layer", BELOW)
def test_a_layer_names_only_what_is_below_it(layer: str) -> None:
    allowed = BELOW[layer] | {layer}

    upward = {
        str(path.relative_to(ROOT)): above
        for path in files(layer)
        if (above := named(code(path)) & (set(BELOW) - allowed))
    }

    assert files(layer)
    assert not upward


@pytest.mark.parametrize(("name", "owner"), ALONE.items())
def test_what_belongs_to_a_layer_is_used_there_only(name: str, owner: str) -> None:
    users = {
        layer for layer in BELOW for path in files(layer) if re.search(rf"\b{name}\b", code(path))
    }

    assert users == {owner}
