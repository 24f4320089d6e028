"""Takes screenshots of Airflow's pages: the connection form, a mapped run, the link of a task.

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
    from playwright.sync_api import FloatRect, Page, ViewportSize

CLUSTERS = 8
PATIENCE_MILLISECONDS = 90_000
VIEWPORT: ViewportSize = {"width": 1200, "height": 1100}
TOP: FloatRect = {"x": 0, "y": 0, "width": 1200, "height": 640}


def photograph(page: Page, base_url: str, run_id: str, folder: Path) -> None:
    """Visit the pages one by one."""
    page.goto(f"{base_url}/connections")
    page.get_by_role("button", name="Add Connection").click()
    page.get_by_role("combobox").first.click()
    page.keyboard.type("MongoDB Atlas")
    page.get_by_role("option", name="MongoDB Atlas").click()
    page.get_by_placeholder("mdb_sa_sk_…").wait_for()
    form = page.get_by_role("dialog")
    form.screenshot(path=folder / "connection.png", animations="disabled")
    page.get_by_role("button", name="Extra Fields", exact=True).click()
    page.get_by_text("API public key").wait_for()
    form.screenshot(path=folder / "connection-extra.png", animations="disabled")

    page.goto(f"{base_url}/dags/fleet/runs/fleet/tasks/take/mapped")
    page.get_by_text("Cluster7").first.wait_for()
    page.screenshot(path=folder / "mapped.png", animations="disabled", clip=TOP)

    page.goto(f"{base_url}/dags/take/runs/{run_id}/tasks/take/details")
    page.get_by_role("link", name="MongoDB Atlas").wait_for()
    page.get_by_text("one_slot").wait_for()  # the table is filled later
    page.screenshot(path=folder / "link.png", animations="disabled", clip=TOP)


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
        fleet = airflow.trigger("fleet", "fleet", group_id=FLEET_ID)
        fleet.wait_for_all("take", CLUSTERS, seconds=300.0)
        take = Site(airflow, service, "Cluster0").take()
        take.wait_for("take", "success", seconds=120.0)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            # Chromium's sandbox does not work for root, and all pages are our own.
            args=["--no-sandbox"],
        )
        page = browser.new_page(viewport=VIEWPORT)
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        try:
            photograph(page, airflow.base_url, take.run_id, folder)
        except BaseException:
            page.screenshot(path=folder / "where-it-stopped.png")
            raise
        finally:
            browser.close()


if __name__ == "__main__":
    main()
