"""HTML that is safe by construction: a plain `str` is text and is escaped, only `Markup` is not."""

from __future__ import annotations

import re
from html import escape
from typing import TypeAlias

# What an HTML document may not hold, even escaped: controls, surrogates, noncharacters.
_LAST_OF_PLANES = "".join(chr(plane << 16 | last) for plane in range(17) for last in (65534, 65535))
_FORBIDDEN = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FIRST_PICTURE = 0x2400  # of the Unicode block with one picture for each control character
_REPLACEMENT = "\ufffd"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = str | None


def element(name: str, *children: Child, **attributes: str | float | None) -> Markup:
    """Return an element.

    Args:
        name: its name; none of the void ones, like `br`.
        children: what is in it, `None` left out.
        attributes: `_` in a name stands for `-`, one at the end for nothing; `None` left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{together(*children)}</{name}>")


def together(*children: Child) -> Markup:
    """Return pieces one after another, text escaped, `None` left out."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(legal(child), quote=False)
            for child in children
            if child is not None
        )
    )


def legal(text: str) -> str:
    """Return text with signs in the place of what HTML cannot hold."""
    return _FORBIDDEN.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(_FIRST_PICTURE + code) if code < ord(" ") else _REPLACEMENT


def _attribute(value: str | float) -> str:
    if not isinstance(value, str):
        return f"{value:.5g}"
    # An attribute has no <bdi> that would end what these begin.
    return escape(_DIRECTIONS.sub(_REPLACEMENT, legal(value)))
