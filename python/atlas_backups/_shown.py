"""What makes an object show itself in a notebook; what draws it is imported when first asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container


class Shown:
    """Base of everything that a notebook shows as HTML; elsewhere its `repr` is what one sees."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from atlas_backups.html import render  # noqa: PLC0415  # most programs never draw

        return render(self)

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        bundle = {"text/plain": repr(self), "text/html": self._repr_html_()}
        return {
            kind: shown
            for kind, shown in bundle.items()
            if (not include or kind in include) and (not exclude or kind not in exclude)
        }
