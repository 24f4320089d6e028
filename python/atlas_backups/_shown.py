"""What makes an object show itself in a notebook; what draws it is imported when first asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container


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
