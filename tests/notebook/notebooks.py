"""Executes the example notebooks and collects their outputs."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))
_CELL_SECONDS = 60


@dataclass(frozen=True)
class Run:
    """An executed notebook, and the standard error of its kernel."""

    notebook: NotebookNode
    noise: str

    def outputs(self) -> Iterator[NotebookNode]:
        for cell in self.notebook.cells:
            yield from cell.get("outputs", ())

    def html(self) -> list[str]:
        return [out.data["text/html"] for out in self.outputs() if "text/html" in data_of(out)]


def data_of(output: NotebookNode) -> dict[str, Any]:
    """Return the representations of an output; empty for a stream or an error."""
    return output.get("data", {})


class QuietKernelManager(AsyncKernelManager):
    """Uses Unix sockets: over TCP a kernel warns of missing encryption."""

    transport = "ipc"


def execute(path: Path) -> Run:
    """Execute a notebook in a kernel of its own.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=QuietKernelManager,
        timeout=_CELL_SECONDS,
        coalesce_streams=True,
    )
    with tempfile.TemporaryFile("w+", encoding="utf-8") as stderr:
        client.execute(stderr=stderr)
        stderr.seek(0)
        return Run(notebook, stderr.read())
