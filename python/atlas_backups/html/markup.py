"""HTML that is safe by construction: every `str` is escaped unless it is `Markup`."""

from __future__ import annotations

import re
from html import escape
from typing import TypeAlias

NAME = 80
"""Maximum characters of a name."""
SENTENCE = 200
"""Maximum characters of a description in a table."""
TEXT = 2000
"""Maximum characters of a text with a place of its own."""
_TITLE = 400
_UNBROKEN = 32
# HTML documents must not contain these, even escaped: controls, surrogates, noncharacters.
_LAST_OF_PLANES = "".join(chr(plane << 16 | last) for plane in range(17) for last in (65534, 65535))
_FORBIDDEN = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ISOLATES = re.compile("[\u2066-\u2069]")
_END_OF_ISOLATE = "\u2069"
_CONTROL_PICTURES = 0x2400  # start of the Unicode block with a picture for each control character
_REPLACEMENT = "\ufffd"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = str | None


def element(name: str, *children: Child, **attributes: str | float | None) -> Markup:
    """Return an element.

    Args:
        name: its name; no void element such as `br`.
        children: its content; `None` is left out.
        attributes: `_` becomes `-`, a trailing one is removed; `None` is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{concat(*children)}</{name}>")


def concat(*children: Child, separator: str = "") -> Markup:
    """Return children one after another, text escaped, `None` left out."""
    return Markup(
        separator.join(
            child if isinstance(child, Markup) else escape(sanitize(child), quote=False)
            for child in children
            if child is not None
        )
    )


def sanitize(text: str) -> str:
    """Replace characters that HTML cannot contain by visible ones."""
    return _FORBIDDEN.sub(_visible, text)


def user_text(text: str, limit: int = NAME) -> Markup:
    """Return text of any origin: isolated, so that its direction ends with it, and shortened."""
    if len(text) <= limit:
        return element("bdi", _close_isolates(text))
    title = text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"
    shown = element("bdi", _close_isolates(text[:limit]), title=title)
    more = element("span", f"… {thousands(len(text) - limit)} more", class_="ab-soft")
    return concat(shown, more)


def code(text: str, limit: int = NAME) -> Markup:
    """Return an id, a label or a path in the code font."""
    is_short = len(text) <= _UNBROKEN
    return element("code", user_text(text, limit), class_="ab-tight" if is_short else None)


def thousands(number: int) -> str:
    """Return a number with spaces between groups of three digits."""
    return f"{number:,}".replace(",", "\u202f")


def _visible(found: re.Match[str]) -> str:
    number = ord(found[0])
    return chr(_CONTROL_PICTURES + number) if number < ord(" ") else _REPLACEMENT


def _attribute(value: str | float) -> str:
    if not isinstance(value, str):
        return f"{value:.5g}"
    # No <bdi> ends the directions inside an attribute.
    return escape(_DIRECTIONS.sub(_REPLACEMENT, sanitize(value)))


def _close_isolates(text: str) -> str:
    """Balance the isolates in a text.

    Otherwise </bdi> would end the innermost isolate of the text, and the <bdi> would continue.
    """
    depth = 0

    def keep(found: re.Match[str]) -> str:
        nonlocal depth
        if found[0] == _END_OF_ISOLATE and depth == 0:
            return ""
        depth += -1 if found[0] == _END_OF_ISOLATE else 1
        return found[0]

    balanced = _ISOLATES.sub(keep, text)
    return balanced + _END_OF_ISOLATE * depth
