"""What makes an object show itself in a notebook; what draws it is imported when first asked."""

from __future__ import annotations

from collections.abc import Container

_TEXT_CHARACTERS = 60
_VALUE_CHARACTERS = 200


def shown(value: object) -> str:
    """Write a value for a repr: times as Atlas writes them, long text and other long values cut."""
    from datetime import datetime  # noqa: PLC0415  # not needed to import the package

    if isinstance(value, datetime):
        return repr(value.isoformat().replace("+00:00", "Z"))
    if isinstance(value, str):
        return repr(_cut(value, _TEXT_CHARACTERS))
    # The repr of what shows itself is short already.
    return repr(value) if isinstance(value, Shown) else _cut(repr(value), _VALUE_CHARACTERS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def repr_html(self: object) -> str:
    """Return the drawing of a result or an exception, as its method `_repr_html_`."""
    from atlas_backups.html import render  # noqa: PLC0415  # most programs never draw

    return render(self)


def repr_mimebundle(
    self: object, include: Container[str] | None = None, exclude: Container[str] | None = None
) -> dict[str, str]:
    """Return it beside its `repr`, as its method `_repr_mimebundle_`."""
    bundle = {"text/plain": repr(self), "text/html": repr_html(self)}
    return {
        kind: shown
        for kind, shown in bundle.items()
        if (not include or kind in include) and (not exclude or kind not in exclude)
    }


class Shown:
    """Base of the results that a notebook shows as HTML; elsewhere one sees their `repr`."""

    __slots__ = ()

    _repr_html_ = repr_html
    _repr_mimebundle_ = repr_mimebundle
