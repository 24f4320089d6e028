"""A JupyterLab server, its page in headless Chromium, and axe, the accessibility linter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from shutil import which
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route
    from typing_extensions import Self

Theme = Literal["light", "dark"]
OURS = ".atlas-backups"

_START_SECONDS = 60
_RUN_SECONDS = 120
_SETTINGS = {
    # News and updates need the internet.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
_READY = """() => {
    const session = jupyterapp.shell.currentWidget.context.sessionContext;
    const late = new Promise((_, reject) => setTimeout(reject, 60_000, new Error("no kernel")));
    return Promise.race([late, session.ready.then(() => session.session.kernel.info)]);
}"""
_PLACES = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
_OPTIONS = (
    "--allow-root",
    "--expose-app-in-browser",
    "--no-browser",
    "--IdentityProvider.token=",
    "--ServerApp.port=0",
)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the Chromium of the system."""
    found = which("chromium") or which("chromium-browser") or which("google-chrome")
    assert found, "no Chromium: install Debian's package `chromium`"
    with sync_playwright() as playwright:
        # The sandbox does not start for root, as in a container.
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


class Server:
    """A JupyterLab server that keeps its files in one folder.

    Args:
        folder: an empty folder, for notebooks too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = folder / ".jupyter"
        self.address = ""

    def set_up(self, name: str, settings: dict[str, Any]) -> None:
        """Write the settings of one extension."""
        path = self._home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run the server."""
        for name, settings in _SETTINGS.items():
            self.set_up(name, settings)
        places = {name: str(self._home / folder) for name, folder in _PLACES.items()}
        log = self._home / "log"
        options = (*_OPTIONS, f"--ServerApp.root_dir={self.folder}")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  # JupyterLab of this environment
                [sys.executable, "-m", "jupyterlab", *options],
                env={**os.environ, **places},
                stdout=output,
                stderr=output,
            )
            try:
                self.address = self._wait_for_address(process, log)
                yield self
            finally:
                process.terminate()
                process.wait(timeout=30)

    def _wait_for_address(self, process: subprocess.Popen[bytes], log: Path) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            for found in (self._home / "runtime").glob("jpserver-*.json"):
                text = found.read_text(encoding="utf-8")
                if text.endswith("}"):  # otherwise it is being written
                    return str(json.loads(text)["url"])
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.1)


class Lab:
    """JupyterLab in a page of the browser.

    Args:
        server: a running server.
        page: an empty page.
    """

    def __init__(self, server: Server, page: Page) -> None:
        self.page = page
        self._server = server
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route("**/*", self._block_foreign)

    def open(self, name: str) -> None:
        """Open a notebook and wait for its kernel."""
        self.page.goto(f"{self._server.address}doc/tree/{name}")
        kernel = self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        choose = self.page.locator(".jp-Dialog .jp-mod-accept")  # shown by a slow server
        kernel.or_(choose).first.wait_for(timeout=_START_SECONDS * 1000)
        if choose.is_visible():
            choose.click()
        kernel.first.wait_for(timeout=_START_SECONDS * 1000)
        self.page.evaluate(_READY)

    def set_theme(self, theme: Theme) -> None:
        """Change the theme of the page."""
        name = f"JupyterLab {theme.title()}"
        self.page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        self.page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")

    def start(self) -> None:
        """Start to run all cells."""
        # Not awaited: the command returns after the last cell.
        self.page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")

    def run(self) -> None:
        """Run all cells."""
        self.start()
        prompts = self.page.locator(".jp-CodeCell .jp-InputArea-prompt")
        prompts.first.wait_for()
        deadline = time.monotonic() + _RUN_SECONDS
        while not all(text.strip("[]: ").isdigit() for text in prompts.all_inner_texts()):
            assert time.monotonic() < deadline, prompts.all_inner_texts()
            self.page.wait_for_timeout(100)

    def _block_foreign(self, route: Route) -> None:
        url = route.request.url
        if urlsplit(url).hostname in ("127.0.0.1", "localhost", None):
            route.continue_()
        else:
            self.foreign.append(url)
            route.abort()


def violations(page: Page, context: str = OURS) -> list[str]:
    """Return the accessibility violations that axe finds, one line per element."""
    found: Any = Axe().run(page, context=context).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
