"""What a person reads in a drawing."""

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
    """The drawing without its style, to be searched."""
    return JustHTML(render(shown, at=AT).replace(STYLE, ""), fragment=True, sanitize=False)


def text(shown: object) -> str:
    """All that is written in it, in one line."""
    return _line(page(shown).to_text())


def words(found: Node) -> str:
    """What is written in a part of it, in one line."""
    return _line(found.to_text())


def attribute(found: Node, name: str) -> str:
    """What an attribute of a part says; nothing if it has none."""
    return (found.attrs or {}).get(name) or ""


def _line(said: str) -> str:
    return re.sub(r" (?=[:.,;…])", "", " ".join(said.split()))
