"""Every example notebook is executed from top to bottom, as a person would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.notebook.notebooks import EXAMPLES, Run, execute

if TYPE_CHECKING:
    from pathlib import Path

# What each of them has to show, as HTML of ours.
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


def test_all_of_them_are_known() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(SHOWN)


def test_it_is_kept_without_outputs(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_it_shows_our_html(path: Path, run: Run) -> None:
    ours = [html for html in run.html() if 'class="atlas-backups' in html]

    labels = [html.partition('aria-label="')[2].partition('"')[0] for html in ours]
    assert [label.partition(" 6")[0] for label in labels] == SHOWN[path.stem]


def test_whatever_has_html_has_text_too(run: Run) -> None:
    shown = [out.data for out in run.outputs() if "text/html" in out.get("data", {})]

    assert shown
    assert all(data["text/plain"] for data in shown)


def test_there_is_no_noise(run: Run) -> None:
    # What waits and fleets say of themselves goes to standard error, in whole sentences of ours.
    said = "".join(out.text for out in run.outputs() if out.get("name") == "stderr")

    assert not NOISE.search(said), said
    assert run.noise == ""
