"""The built site (`make docs`) is read without a network, in light and dark, and shows our HTML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from tests.notebook.accessibility import OURS, violations
from tests.notebook.lab import Theme
from tests.notebook.notebooks import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

SITE = Path(__file__).parents[3] / "site"
PAGES = sorted(SITE.rglob("*.html"))
# What a browser loads by itself: not the links that a reader may follow.
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)",
    re.IGNORECASE,
)
LOADED_BY_CSS = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")


def test_there_is_a_site() -> None:
    assert len(PAGES) > 20


def test_no_page_loads_anything_from_elsewhere() -> None:
    found = {(page.name, url) for page in PAGES for url in LOADED.findall(page.read_text("utf-8"))}

    assert found == set()


def test_no_style_loads_anything_from_elsewhere() -> None:
    files = [*PAGES, *SITE.rglob("*.css")]
    found = {
        (file.name, url) for file in files for url in LOADED_BY_CSS.findall(file.read_text("utf-8"))
    }

    assert found == set()


@pytest.mark.parametrize(
    "wrong",
    [
        '<script src="https://cdn.example/a.js"></script>',
        "<link rel=stylesheet href=//fonts.example/css>",
    ],
)
def test_it_would_be_seen(wrong: str) -> None:
    assert LOADED.search(wrong)


@pytest.mark.parametrize("theme", get_args(Theme))
@pytest.mark.parametrize("name", [path.stem for path in EXAMPLES])
def test_an_example_shows_what_came_out(page: Page, name: str, theme: Theme) -> None:
    foreign = requests_to_elsewhere(page)
    page.emulate_media(color_scheme=theme)

    page.goto((SITE / "examples" / f"{name}.html").as_uri())

    assert page.locator(OURS).count() >= 2
    assert all(shown.is_visible() for shown in page.locator(OURS).all())
    scheme = "slate" if theme == "dark" else "default"
    assert page.locator("body").get_attribute("data-md-color-scheme") == scheme
    assert violations(page) == []
    assert foreign == []


def test_the_search_works_without_a_server(page: Page) -> None:
    foreign = requests_to_elsewhere(page)
    page.set_viewport_size({"width": 1200, "height": 800})
    page.goto((SITE / "index.html").as_uri())

    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially("backup_coverage")

    page.locator(".md-search-result__link[href*='reference/client.html']").first.wait_for()
    assert foreign == []


def requests_to_elsewhere(page: Page) -> list[str]:
    """Return a list that fills with what the page asks the network for, and does not get."""
    asked: list[str] = []

    def look(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    page.route("**/*", look)
    return asked
