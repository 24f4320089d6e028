"""JupyterLab in Chromium runs the example notebooks and shows their HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from tests.notebook.lab import OURS, Lab, Server, Theme, violations
from tests.notebook.notebooks import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

MIDDLE = 128  # of 255


@pytest.mark.timeout(300)  # Lab has shorter timeouts, of 60 and 120 s
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_notebook_shows_accessible_html_in_both_themes(
    lab_server: Server, page: Page, path: Path
) -> None:
    lab = Lab(lab_server, page)
    lab.open(path.name)

    lab.run()

    shown = page.locator(f".jp-OutputArea {OURS}")
    assert shown.count() >= 2
    assert all(item.is_visible() for item in shown.all())
    for theme in get_args(Theme):
        lab.set_theme(theme)
        assert (lightness(page, OURS) > MIDDLE) == (theme == "light")
        assert violations(page) == []
    assert lab.errors == []
    assert lab.foreign == []


def lightness(page: Page, selector: str) -> float:
    """Return the mean of red, green and blue (0 to 255) behind the first such element."""
    script = "element => getComputedStyle(element).backgroundColor"
    colour: str = page.locator(selector).first.evaluate(script)
    numbers = [float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    return sum(numbers) / 3
