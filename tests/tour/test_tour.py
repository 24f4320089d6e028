"""Whoever follows ARCHITECTURE.md finds every file, and every name in the file it is linked to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[2] / "ARCHITECTURE.md"
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)\)")
_NAME = re.compile(r"`([\w.]+)`")
LINKS = [
    (" ".join(text.split()), target) for text, target in _LINK.findall(TOUR.read_text("utf-8"))
]
NAMES = [(found[1], target) for text, target in LINKS if (found := _NAME.fullmatch(text))]
# What defines a name in Rust or in Python; a type of Rust may have its methods in another file.
_DEFINES = r"^\s*(?:pub(?:\([^)]*\))? )?(?:async )?(?:class|def|enum|fn|struct|trait) {0}\b"
_OWNS = r"^(?:class {0}\b|impl\b.*\b{0}\b|(?:pub(?:\([^)]*\))? )?(?:struct|enum) {0}\b)"


def defines(text: str, name: str) -> bool:
    """Return whether a file defines a name, or a method of an owner that it has too."""
    owner, _, last = name.rpartition(".")
    is_there = re.search(_DEFINES.format(last), text, re.MULTILINE)
    return bool(is_there and (not owner or re.search(_OWNS.format(owner), text, re.MULTILINE)))


def test_tour_has_links_and_names() -> None:
    assert len(LINKS) > 35
    assert len(NAMES) > 30


@pytest.mark.parametrize("target", sorted({target for _, target in LINKS}))
def test_linked_file_exists(target: str) -> None:
    assert (TOUR.parent / target).is_file()


@pytest.mark.parametrize(("name", "target"), NAMES)
def test_linked_name_is_defined_in_its_file(name: str, target: str) -> None:
    assert defines((TOUR.parent / target).read_text("utf-8"), name)


def test_used_name_is_not_a_definition() -> None:
    text = "impl Take<'_> {\n    async fn run(self) {\n        drive(other);\n    }\n}\n"

    assert defines(text, "Take.run")
    assert not defines(text, "drive")
    assert not defines(text, "Post.run")
