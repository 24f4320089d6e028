"""What others have written, as HTML: isolated, so that its direction ends with it, and cut."""

from __future__ import annotations

import re

from atlas_backups.html.markup import Markup, element, together

NAME = 80
"""Characters of a name that are shown."""
SENTENCE = 200
"""Characters of a description in a table."""
WHOLE = 2000
"""Characters of a text that has a place of its own."""
_END_OF_ISOLATE = "\u2069"
_ISOLATES = re.compile("[\u2066-\u2069]")
_TITLE = 400
_UNBROKEN = 32


def words(text: str, limit: int = NAME) -> Markup:
    """Return text of anybody."""
    if len(text) <= limit:
        return element("bdi", _closed(text))
    whole = text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"
    shown = element("bdi", _closed(text[:limit]), title=whole)
    return together(shown, element("span", f"… {count(len(text) - limit)} more", class_="ab-soft"))


def code(text: str, limit: int = NAME) -> Markup:
    """Return what programs read: an id, a label, a path."""
    is_short = len(text) <= _UNBROKEN
    return element("code", words(text, limit), class_="ab-tight" if is_short else None)


def _closed(text: str) -> str:
    """Return text that ends whatever isolates it begins, and none of those around it.

    Without that, the end of a <bdi> would end the last one inside, and the <bdi> go on.
    """
    depth = 0

    def kept(found: re.Match[str]) -> str:
        nonlocal depth
        if found[0] == _END_OF_ISOLATE and depth == 0:
            return ""
        depth += -1 if found[0] == _END_OF_ISOLATE else 1
        return found[0]

    closed = _ISOLATES.sub(kept, text)
    return closed + _END_OF_ISOLATE * depth


def count(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}".replace(",", "\u202f")
