"""Text arguments of a task, also in a DAG with `render_template_as_native_obj=True`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow import arguments

if TYPE_CHECKING:
    from atlas_backups.airflow.compat import BaseOperator as _Base
    from atlas_backups.airflow.compat import Context
else:
    _Base = object

# Text that ends with it is no Python literal, so native rendering leaves it as it is.
_NO_LITERAL = "\N{WORD JOINER}"


class TextTemplates(_Base):
    """Mixin of operators and sensors: remembers the text behind each rendered int.

    Native rendering parses the rendered text as a Python literal: "1_000", "0x10" and "(7)" become
    ints whose decimal text is another one.
    """

    _written: Mapping[int, str] = {}  # never changed in place: copies of a task share it

    def render_template(
        self,
        content: Any,  # noqa: ANN401  # Airflow's own
        context: Context,
        *args: Any,  # noqa: ANN401  # the Jinja environment and the ids seen so far
        **kwargs: Any,  # noqa: ANN401  # the same
    ) -> Any:  # noqa: ANN401  # Airflow's own
        """Render as Airflow does; render once more as text what became an int."""
        rendered = super().render_template(content, context, *args, **kwargs)
        if isinstance(content, str) and type(rendered) is int:
            whole = super().render_template(content + _NO_LITERAL, context, *args, **kwargs)
            written = str(whole).removesuffix(_NO_LITERAL).strip()
            if written != str(rendered):
                self._written = {**self._written, rendered: written}
        return rendered

    def text(self, name: str) -> str:
        """Return a text argument as its template wrote it.

        Raises:
            InvalidArgumentError: its template rendered to nothing, or to another type than text.
        """
        value = getattr(self, name)
        written = self._written.get(value) if type(value) is int else None
        return arguments.text(name, value, written=written)
