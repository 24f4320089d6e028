"""The published matrix is what its cells render to."""

from __future__ import annotations

from tests.faults.matrix import parse, render
from tests.faults.plugin import PAGE


def test_page_is_rendered_from_its_cells() -> None:
    page = PAGE.read_text()

    assert render(parse(page)) == page
