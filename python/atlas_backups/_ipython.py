"""IPython in a notebook's kernel: its shell, and tracebacks with the HTML box of an exception."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_displayed: int | None = None
"""Id of the last traceback that was displayed with its box; IPython keeps that traceback alive."""


def get_kernel_shell() -> Any:  # noqa: ANN401  # IPython may not be installed
    """Return the shell of the kernel that runs this program; `None` outside of a notebook."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython and ipython.get_ipython()
    return shell if hasattr(shell, "kernel") else None  # the shell of a terminal has no kernel


def traceback_renderer(error: BaseException) -> Callable[[], list[str]]:
    """Return the `_render_traceback_` of an exception: its box above IPython's own traceback.

    See https://ipython.readthedocs.io/en/stable/config/integrating.html .

    Raises:
        AttributeError: no notebook runs this program, so IPython finds no `_render_traceback_`.
    """
    shell = get_kernel_shell()
    if shell is None:
        raise AttributeError("_render_traceback_")

    def render() -> list[str]:
        with suppress(Exception):  # the traceback is displayed in any case
            _display_once(error, shell)
        traceback: list[str] = shell.InteractiveTB.structured_traceback(
            type(error), error, error.__traceback__
        )
        return traceback

    return render


def _display_once(error: BaseException, shell: Any) -> None:  # noqa: ANN401  # the same
    """Display the box; IPython renders each traceback a second time for its history."""
    from atlas_backups._repr import repr_html  # noqa: PLC0415  # only for exceptions in a notebook

    global _displayed  # noqa: PLW0603  # a process has one kernel
    if _displayed != id(error.__traceback__):
        shell.display_pub.publish({"text/html": repr_html(error)})
        _displayed = id(error.__traceback__)
