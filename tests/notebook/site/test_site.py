"""The built site (`make docs`) needs no network and shows our HTML in light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from tests.notebook.lab import OURS, Theme, violations
from tests.notebook.notebooks import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

SITE = Path(__file__).parents[3] / "site"
PAGES = sorted(SITE.rglob("*.html"))
# Resources that a browser loads by itself, no links.
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)",
    re.IGNORECASE,
)
LOADED_BY_CSS = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")


def test_pages_and_styles_load_nothing_from_elsewhere() -> None:
    assert len(PAGES) > 20

    for file in [*PAGES, *SITE.rglob("*.css")]:
        text = file.read_text("utf-8")
        assert LOADED_BY_CSS.findall(text) == []
        if file.suffix == ".html":
            assert LOADED.findall(text) == []


@pytest.mark.parametrize("theme", get_args(Theme))
@pytest.mark.parametrize("name", [path.stem for path in EXAMPLES])
def test_example_shows_outputs(page: Page, name: str, theme: Theme) -> None:
    foreign = requests_to_elsewhere(page)
    page.emulate_media(color_scheme=theme)

    page.goto((SITE / "examples" / f"{name}.html").as_uri())

    assert page.locator(OURS).count() >= 2
    assert all(shown.is_visible() for shown in page.locator(OURS).all())
    scheme = "slate" if theme == "dark" else "default"
    assert page.locator("body").get_attribute("data-md-color-scheme") == scheme
    assert violations(page) == []
    assert foreign == []


def test_search_works_without_a_server(page: Page) -> None:
    foreign = requests_to_elsewhere(page)
    page.set_viewport_size({"width": 1200, "height": 800})
    page.goto((SITE / "index.html").as_uri())

    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially("backup_coverage")

    page.locator(".md-search-result__link[href*='reference/client.html']").first.wait_for()
    assert foreign == []


def requests_to_elsewhere(page: Page) -> list[str]:
    """Block requests to the network; return the list to which their URLs are added."""
    blocked: list[str] = []

    def block(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            blocked.append(route.request.url)
            route.abort()

    page.route("**/*", block)
    return blocked
