"""An HTML validator and an accessibility linter check pages with all samples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from tests.html.pages import main
from tests.notebook.lab import Theme, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

NODE = Path(sys.prefix, "bin", "node")
VALIDATOR = Path(sys.prefix, "node", "node_modules", "html-validate", "bin", "html-validate.mjs")
RULES = Path(__file__).parents[1] / "html" / "html-validate.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    main(folder)
    return folder


def test_validator_finds_nothing(folder: Path) -> None:
    page = folder / "light.html"
    command = [NODE, VALIDATOR, "--config", RULES, "--formatter", "text", page]

    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("theme", get_args(Theme))
def test_accessibility_linter_finds_nothing(folder: Path, page: Page, theme: Theme) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto((folder / f"{theme}.html").as_uri())

    assert violations(page) == []


def test_accessibility_linter_finds_errors(page: Page) -> None:
    page.set_content(
        '<html lang="en"><body style="background:white"><div class="atlas-backups">'
        '<p style="color:#bbb">pale</p><img src="data:,"></div></body></html>'
    )

    assert {line.partition(" ")[0] for line in violations(page)} >= {"color-contrast", "image-alt"}
