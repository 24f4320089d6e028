"""Reads the text and the elements of a drawing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from justhtml import JustHTML

from atlas_backups.html import render
from atlas_backups.html.style import STYLE
from tests.html.samples import AT

if TYPE_CHECKING:
    from justhtml import Node


def page(shown: object) -> JustHTML:
    """Parse a drawing without its style."""
    return JustHTML(render(shown, at=AT).replace(STYLE, ""), fragment=True, sanitize=False)


def text(shown: object) -> str:
    """Return the text of a drawing in one line."""
    return _line(page(shown).to_text())


def words(found: Node) -> str:
    """Return the text of an element in one line."""
    return _line(found.to_text())


def attribute(found: Node, name: str) -> str:
    """Return an attribute of an element; empty if it has none."""
    return (found.attrs or {}).get(name) or ""


def _line(text: str) -> str:
    return re.sub(r" (?=[:.,;…])", "", " ".join(text.split()))
