"""axe, the linter of accessibility, on what a page shows of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

OURS = ".atlas-backups"


def violations(page: Page, context: str = OURS) -> list[str]:
    """Return what axe finds wrong, a line for each place."""
    found: Any = Axe().run(page, context=context).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
