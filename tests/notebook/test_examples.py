"""The example notebooks run from top to bottom and show HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.notebook.notebooks import EXAMPLES, Run, execute

if TYPE_CHECKING:
    from pathlib import Path

# The labels of the HTML of each notebook.
SHOWN = {
    "am-i-safe": ["Backup coverage", "Backup coverage"],
    "first-snapshot": ["Snapshot", "Snapshot", "Snapshots", "SnapshotInProgressError"],
    "fleet": ["Outcomes", "Outcomes"],
}
NOISE = re.compile(r"Traceback|Warning|Exception ignored|never awaited|never retrieved|\.py:\d+")


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def run(path: Path) -> Run:
    return execute(path)


def test_all_examples_are_listed() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(SHOWN)


def test_example_is_stored_without_outputs(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_example_shows_html_beside_text(path: Path, run: Run) -> None:
    ours = [html for html in run.html() if 'class="atlas-backups' in html]
    with_html = [out.data for out in run.outputs() if "text/html" in out.get("data", {})]

    labels = [html.partition('aria-label="')[2].partition('"')[0] for html in ours]
    assert [label.partition(" 6")[0] for label in labels] == SHOWN[path.stem]
    assert all(data["text/plain"] for data in with_html)


def test_example_prints_no_noise(run: Run) -> None:
    # Waits and fleets print progress to standard error.
    stderr = "".join(out.text for out in run.outputs() if out.get("name") == "stderr")

    assert not NOISE.search(stderr), stderr
    assert run.noise == ""
