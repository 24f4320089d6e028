"""Takes screenshots of all HTML in JupyterLab: `python -m tests.notebook.screenshots FOLDER`.

One picture of each output in light, dark and narrow.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat.v4

from tests.notebook.lab import Lab, Server, browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The name of a picture, and the cell whose output it shows.
CELLS = {
    "": """
from atlas_backups import AtlasBackups, SnapshotOutcomes, SnapshotRequest
from atlas_backups.emulator import AtlasEmulator, Cluster, ExistingSnapshot, Project, World

DAY = 86400.0
def nightly(days):
    return tuple(ExistingSnapshot(age_seconds=day * DAY + 5000, retention_days=35) for day in days)

by_hand = ExistingSnapshot(
    age_seconds=9 * DAY, snapshot_type="onDemand", frequency_type="ondemand",
    description="before release 41", retention_days=60,
)
shop = Project(name="Shop", id="66b0c1d2e3f4a5b6c7d8e9f0", clusters=(
    Cluster(name="orders", snapshots=(*nightly(range(12)), by_hand)),
    Cluster(name="invoices", snapshots=nightly(range(0, 30, 7))),
    Cluster(name="telemetry", cluster_type="SHARDED", snapshots=nightly(range(3, 20))),
    Cluster(name="carts"),
    Cluster(name="archive", paused=True),
    Cluster(name="playground", backup_enabled=False),
))
emulator = AtlasEmulator(World(projects=(shop,)), snapshot_seconds=1)
emulator.start()
emulator.next_snapshot(fails=True, cluster_name="invoices")
atlas = AtlasBackups(emulator.credentials, base_url=emulator.base_url)
where = shop.id, "orders"
""",
    "snapshot": """
atlas.take_snapshot(*where, description="before release 42", wait=True)
""",
    "sharded": """
atlas.take_snapshot(shop.id, "telemetry", idempotency_key="release-42", wait=True)
""",
    "list": """
atlas.list_snapshots(*where)
""",
    "fleet": """
requests = [
    SnapshotRequest(group_id=shop.id, cluster_name=cluster.name, idempotency_key="night")
    for cluster in shop.clusters
]
SnapshotOutcomes(atlas.take_snapshots(requests, wait=True, progress=True))
""",
    "coverage": """
atlas.backup_coverage()
""",
    "exception": """
atlas.take_snapshot(shop.id, "playground")
""",
    "progress": """
emulator.next_snapshot(never_ends=True)
running = atlas.take_snapshot(*where)
atlas.wait_for_snapshot(running, progress=True)
""",
}
VIEWS = {"light": 1200, "dark": 1200, "narrow": 560}
_HEIGHT = 6000
_METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def main(folder: Path) -> None:
    """Take all screenshots."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, browser() as chromium:
        cells = [nbformat.v4.new_code_cell(code.strip()) for code in CELLS.values()]
        for cell in cells:
            cell.metadata["tags"] = ["raises-exception"]  # run the remaining cells too
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=_METADATA)
        nbformat.write(notebook, Path(home, "shown.ipynb"))
        with Server(Path(home)).running() as server:
            page = chromium.new_page(viewport={"width": VIEWS["light"], "height": _HEIGHT})
            lab = Lab(server, page)
            lab.open("shown.ipynb")
            lab.start()
            progress = page.locator(".jp-CodeCell").last.locator(".jp-Cell-outputArea")
            progress.get_by_text("inProgress").first.wait_for(timeout=60_000)
            for view, width in VIEWS.items():
                page.set_viewport_size({"width": width, "height": _HEIGHT})
                lab.set_theme("dark" if view == "dark" else "light")
                page.wait_for_timeout(500)  # for the new layout
                _save(page, folder, view)


def _save(page: Page, folder: Path, view: str) -> None:
    for name, cell in zip(CELLS, page.locator(".jp-CodeCell").all(), strict=True):
        output = cell.locator(".jp-Cell-outputArea")
        if name:
            output.screenshot(path=folder / f"{name}-{view}.png")
            print(folder / f"{name}-{view}.png")  # noqa: T201  # the script lists its files


if __name__ == "__main__":
    main(Path(sys.argv[1]))
