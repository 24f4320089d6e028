"""An example notebook as a page: it is executed, and shown with what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.notebook.notebooks import execute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbformat import NotebookNode

_WIDE = "---\nhide:\n  - toc\n---"


def executed(path: Path) -> str:
    """Return the Markdown of a notebook with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
    """
    return "\n\n".join([_WIDE, *_parts(execute(path).notebook)]) + "\n"


def _parts(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.source
            continue
        yield f"```python\n{cell.source}\n```"
        yield from filter(None, map(_output, cell.outputs))


def _output(output: NotebookNode) -> str | None:
    data = output.get("data", {})
    if "application/vnd.jupyter.widget-view+json" in data:
        return None  # a progress bar needs the kernel, which is gone
    if "text/html" in data:
        return f'<div class="output">\n{data["text/html"]}\n</div>'
    text = output.text if "text" in output else data["text/plain"]
    return f"``` {{.text .output}}\n{text.rstrip()}\n```"
