"""The `repr` and the HTML of results and exceptions."""

from __future__ import annotations

from collections.abc import Container

_TEXT_CHARACTERS = 60
_VALUE_CHARACTERS = 200


def short_repr(value: object) -> str:
    """Return the repr of a field: a time in ISO 8601, long values truncated."""
    from datetime import datetime  # noqa: PLC0415  # not needed to import the package

    if isinstance(value, datetime):
        return repr(value.isoformat().replace("+00:00", "Z"))
    if isinstance(value, str):
        return repr(_truncate(value, _TEXT_CHARACTERS))
    if isinstance(value, HtmlReprMixin):  # its repr is short already
        return repr(value)
    return _truncate(repr(value), _VALUE_CHARACTERS)


def _truncate(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def repr_html(self: object) -> str:
    """Return the HTML of a result or an exception."""
    # A result renders itself, so this import is the one circle; most programs never load `html`.
    from atlas_backups.html import render  # noqa: PLC0415  # see above

    return render(self)


def repr_mimebundle(
    self: object, include: Container[str] | None = None, exclude: Container[str] | None = None
) -> dict[str, str]:
    """Return the `repr` and the HTML by MIME type, as IPython requests them."""
    bundle = {"text/plain": repr(self), "text/html": repr_html(self)}
    return {
        kind: text
        for kind, text in bundle.items()
        if (not include or kind in include) and (not exclude or kind not in exclude)
    }


class HtmlReprMixin:
    """Renders a result as HTML in a notebook; elsewhere its `repr` is shown."""

    __slots__ = ()

    _repr_html_ = repr_html
    _repr_mimebundle_ = repr_mimebundle
