"""Reject import circles between the Rust files, and imports against the order of the layers.

Reads the `crate::` paths of `src`, which has no `super::` paths but in tests. A name that a module
re-exports counts as an import of the file that defines it.
"""

from __future__ import annotations

import re
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

LAYERS = (
    ("model",),
    ("error",),
    ("environment", "running_count"),
    ("config", "credentials"),
    ("auth", "http", "policy"),
    ("operations",),
    ("python", "simulation"),
)
_TESTS = re.compile(r"(^|/)(tests|fuzz|properties|simulation|mock_transport)(/|\.rs$)|^lib\.rs$")
_USE = re.compile(r"^\s*(?:pub(?:\([\w: ]+\))?\s+)?use\s+([^;]+);", re.MULTILINE)
_TEST_CODE = re.compile(r"#\[cfg\(.*?test.*?\)\]\s*(pub\S* )?(mod \w+ \{.*|use [^;]+;)", re.DOTALL)
_PATH = re.compile(r"\bcrate((?:::\w+)+)")


def leaves(tree: str, prefix: str = "") -> list[str]:
    """`a::{b, c::d}` as `a::b` and `a::c::d`."""
    tree = " ".join(tree.split())
    head, brace, rest = tree.partition("{")
    if not brace:
        return [prefix + head.split(" as ")[0].strip()]
    found: list[str] = []
    depth, part = 0, ""
    for character in rest.rstrip("} ") if rest.count("{") < rest.count("}") else rest:
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            found += leaves(part, prefix + head)
            part = ""
        else:
            part += character
    return found + (leaves(part, prefix + head) if part.strip() else [])


def edges(root: Path) -> dict[str, set[str]]:
    """For each file of production code, the files that it imports."""
    modules = {
        "::".join(path.relative_to(root).with_suffix("").parts): path
        for path in root.rglob("*.rs")
        if not _TESTS.search(str(path.relative_to(root)))
    }
    sources = {
        name: re.sub(
            r"#\[cfg\(.*?test.*?\)\]\s*(pub\S* )?(mod \w+ \{.*|use [^;]+;)",
            "",
            path.read_text(),
            flags=re.DOTALL,
        )
        for name, path in modules.items()
    }
    exported: dict[str, str] = {}
    for name, source in sources.items():
        for tree in re.findall(r"^pub(?:\([\w: ]+\))? use ([^;]+);", source, re.MULTILINE):
            for leaf in leaves(tree):
                path = leaf.removeprefix("crate::").removeprefix("self::")
                home = path if leaf.startswith("crate::") else f"{name}::{path}"
                exported[f"{name}::{path.rsplit('::')[-1]}"] = home

    def file_of(path: str) -> str | None:
        for _ in range(3):
            path = exported.get(path, path)
        parts = path.split("::")
        while parts and "::".join(parts) not in modules:
            parts.pop()
        return "::".join(parts) or None

    found: dict[str, set[str]] = {}
    for name, source in sources.items():
        code = re.sub(r"//[^\n]*", "", source)
        uses = [leaf for tree in _USE.findall(code) for leaf in leaves(tree)]
        paths = [leaf.removeprefix("crate::") for leaf in uses if leaf.startswith("crate::")]
        paths += [path.removeprefix("::") for path in _PATH.findall(_USE.sub("", code))]
        found[name] = {file for path in paths if (file := file_of(path))} - {name}
    return found


def mistakes(graph: dict[str, set[str]]) -> list[str]:
    """What is wrong, one line each."""
    rank = {layer: number for number, layers in enumerate(LAYERS) for layer in layers}
    wrong = [
        f"{name} imports {other}, which is above it"
        for name, others in graph.items()
        for other in sorted(others)
        if rank.get(other.split("::")[0], 0) > rank.get(name.split("::")[0], 99)
    ]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        wrong.append("circle: " + " -> ".join(reversed(error.args[1])))
    return wrong


if __name__ == "__main__":
    problems = mistakes(edges(Path("src")))
    sys.exit("\n".join(problems) or None)
