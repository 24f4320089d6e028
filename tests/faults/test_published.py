"""The published matrix against this run; this module runs last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.matrix import parse, render
from tests.faults.plugin import ADVICE, PAGE

if TYPE_CHECKING:
    from tests.faults.plugin import Publication


def test_each_published_cell_is_tested(publication: Publication) -> None:
    assert not publication.stale(), ADVICE


def test_page_is_rendered_from_its_cells() -> None:
    page = PAGE.read_text()

    assert render(parse(page)) == page
