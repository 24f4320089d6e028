"""What others have written, as HTML: isolated, so that its direction ends with it, and cut."""

from __future__ import annotations

from atlas_backups.html.markup import Markup, element, together

NAME = 80
"""Characters of a name that are shown."""
SENTENCE = 200
"""Characters of a description in a table."""
WHOLE = 2000
"""Characters of a text that has a place of its own."""
_TITLE = 400
_UNBROKEN = 32


def words(text: str, limit: int = NAME) -> Markup:
    """Return text of anybody."""
    if len(text) <= limit:
        return element("bdi", text)
    whole = text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"
    shown = element("bdi", text[:limit], title=whole)
    return together(shown, element("span", f"… {count(len(text) - limit)} more", class_="ab-soft"))


def code(text: str, limit: int = NAME) -> Markup:
    """Return what programs read: an id, a label, a path."""
    is_short = len(text) <= _UNBROKEN
    return element("code", words(text, limit), class_="ab-tight" if is_short else None)


def count(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}".replace(",", "\u202f")
