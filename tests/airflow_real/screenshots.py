"""Photographs Airflow's pages: our connection form, a mapped run, the link of a task to its cluster.

Needs a Chromium on the PATH. `make airflow-screenshots` runs it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from atlas_backups.emulator import AtlasEmulator

from .deployment import Deployment
from .world import FLEET_ID, Site, make_world

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

CLUSTERS = 8
PATIENCE_MILLISECONDS = 90_000
VIEWPORT: ViewportSize = {"width": 1200, "height": 860}


def photograph(page: Page, airflow: Deployment, site: Site, folder: Path) -> None:
    """Visit the pages one by one."""
    fleet = airflow.trigger("fleet", "fleet", group_id=FLEET_ID)
    fleet.wait_for_all("take", CLUSTERS, seconds=300.0)
    take = site.take()
    take.wait_for("take", "success", seconds=120.0)

    page.goto(f"{airflow.base_url}/connections")
    page.get_by_role("button", name="Add Connection").click()
    page.get_by_role("combobox").first.click()
    page.keyboard.type("MongoDB Atlas")
    page.get_by_role("option", name="MongoDB Atlas").click()
    page.get_by_text("API public key").wait_for()
    page.wait_for_timeout(2000)
    page.screenshot(path=folder / "connection.png")

    page.goto(f"{airflow.base_url}/dags/fleet/runs/fleet/tasks/take/mapped")
    page.get_by_text("Cluster7").first.wait_for()
    page.wait_for_timeout(2000)
    page.screenshot(path=folder / "mapped.png")

    page.goto(f"{airflow.base_url}/dags/take/runs/{take.run_id}/tasks/take")
    page.get_by_role("link", name="MongoDB Atlas").wait_for()
    page.wait_for_timeout(2000)
    page.screenshot(path=folder / "link.png")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        AtlasEmulator(world=make_world(fleet=CLUSTERS), snapshot_seconds=2.0) as service,
        Deployment(Path(home), service, parallelism=4) as airflow,
        sync_playwright() as playwright,
    ):
        airflow.add_pool("fleet", CLUSTERS)
        airflow.add_pool("one_slot", 1)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            # Chromium's own cage does not work for root, and nothing foreign is shown.
            args=["--no-sandbox"],
        )
        page = browser.new_page(viewport=VIEWPORT)
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        try:
            photograph(page, airflow, Site(airflow, service, "Cluster0"), folder)
        except BaseException:
            page.screenshot(path=folder / "where-it-stopped.png")
            raise
        finally:
            browser.close()


if __name__ == "__main__":
    main()
