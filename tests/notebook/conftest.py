from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import AtlasEmulator
from tests.notebook.kernel import Kernel
from tests.notebook.lab import Server, browser
from tests.notebook.notebooks import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture
def emulator() -> Iterator[AtlasEmulator]:
    """Runs outside of the kernel, in real time."""
    with AtlasEmulator(snapshot_seconds=0.5) as emulator:
        yield emulator
    assert emulator.failures == ()


@pytest.fixture
def kernel(emulator: AtlasEmulator) -> Iterator[Kernel]:
    """A kernel with a client `atlas` and the names of a cluster, `where`."""
    with Kernel({**os.environ, **emulator.env}) as kernel:
        started = kernel.run(
            "from atlas_backups import AtlasBackups\n"
            "atlas = AtlasBackups()\n"
            f"where = {emulator.group_id!r}, {emulator.cluster_name!r}"
        )
        assert started.error is None
        yield kernel
        assert kernel.noise == ""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab with the example notebooks."""
    server = Server(tmp_path_factory.mktemp("lab"))
    for path in EXAMPLES:
        shutil.copy(path, server.folder)
    with server.running():
        yield server


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    # JupyterLab renders only visible cells; in a window of this height all are.
    with chromium.new_page(viewport={"width": 1200, "height": 5000}) as page:
        yield page
