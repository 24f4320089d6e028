"""Whether a notebook runs this program."""

from __future__ import annotations

import sys
from typing import Any


def kernel_shell() -> Any:  # noqa: ANN401  # of IPython, which may not be there
    """Return the shell of the notebook's kernel in which this runs; `None` outside of one."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython and ipython.get_ipython()
    return shell if hasattr(shell, "kernel") else None  # a terminal's has none
