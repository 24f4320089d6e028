"""Every example notebook is executed from top to bottom, as a person would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.notebook.notebooks import EXAMPLES, Run, execute

if TYPE_CHECKING:
    from pathlib import Path

# What each of them has to show, as HTML of ours.
SHOWN = {
    "am-i-safe": ["Coverage", "Coverage"],
    "first-snapshot": ["Snapshot", "Snapshot", "Snapshots", "SnapshotInProgressError"],
    "fleet": ["Outcomes", "Outcomes"],
}


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def run(path: Path) -> Run:
    return execute(path)


def test_all_of_them_are_known() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(SHOWN)


def test_it_is_kept_without_outputs(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_it_shows_our_html(path: Path, run: Run) -> None:
    ours = [html for html in run.html() if 'class="atlas-backups' in html]

    labels = [html.partition('aria-label="')[2].partition('"')[0] for html in ours]
    assert [label.split()[0] for label in labels] == SHOWN[path.stem]


def test_whatever_has_html_has_text_too(run: Run) -> None:
    shown = [out.data for out in run.outputs() if "text/html" in out.get("data", {})]

    assert shown
    assert all(data["text/plain"] for data in shown)


def test_nothing_is_said_on_standard_error(run: Run) -> None:
    streams = [out.text for out in run.outputs() if out.get("name") == "stderr"]

    assert streams == []
    assert run.noise == ""
