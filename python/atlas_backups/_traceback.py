"""The box of an exception above its traceback, where a notebook's kernel shows that.

IPython asks an exception for `_render_traceback_` and takes what it returns for the traceback.
See https://ipython.readthedocs.io/en/stable/config/integrating.html .
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from atlas_backups._notebook import kernel_shell
from atlas_backups._shown import repr_html

if TYPE_CHECKING:
    from collections.abc import Callable

_shown: int | None = None
"""Which traceback has its box; IPython keeps it until the next one."""


def renderer(error: BaseException) -> Callable[[], list[str]]:
    """Return what shows the box and gives IPython's own traceback, of which nothing is hidden.

    Raises:
        AttributeError: no notebook is there, so that IPython asks no further.
    """
    shell = kernel_shell()
    if shell is None:
        raise AttributeError("_render_traceback_")

    def render() -> list[str]:
        with suppress(Exception):  # whatever happens, the traceback comes
            _show_once(error, shell)
        traceback: list[str] = shell.InteractiveTB.structured_traceback(
            type(error), error, error.__traceback__
        )
        return traceback

    return render


def _show_once(error: BaseException, shell: Any) -> None:  # noqa: ANN401  # of IPython, if it is there
    """Show the box: IPython asks again for the same traceback, to store it in its history."""
    global _shown  # noqa: PLW0603  # one kernel a process
    if _shown != id(error.__traceback__):
        shell.display_pub.publish({"text/html": repr_html(error)})
        _shown = id(error.__traceback__)
