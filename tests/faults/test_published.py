"""The published matrix, against what the run just found; this module runs last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.matrix import parse, render
from tests.faults.plugin import ADVICE, PAGE

if TYPE_CHECKING:
    from tests.faults.plugin import Publication


def test_every_published_cell_is_shown_by_a_test(publication: Publication) -> None:
    assert not publication.stale(), ADVICE


def test_the_page_says_what_its_cells_say_and_nothing_else() -> None:
    page = PAGE.read_text()

    assert render(parse(page)) == page
