"""A validator and a linter of accessibility, over a page of everything that a notebook shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from tests.html.pages import main
from tests.notebook.accessibility import violations
from tests.notebook.lab import Theme

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


def validate(page: Path) -> str:
    """Return what the validator finds wrong; nothing if all is well."""
    command = [NODE, VALIDATOR, "--config", RULES, "--formatter", "text", page]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.stderr == ""
    assert bool(done.stdout) == bool(done.returncode)
    return done.stdout


def test_the_validator_finds_nothing(folder: Path) -> None:
    assert validate(folder / "light.html") == ""


@pytest.mark.parametrize("wrong", ["<div><p><div></div></p></div>", "<span><table></table></span>"])
def test_the_validator_would_find_what_is_wrong(tmp_path: Path, wrong: str) -> None:
    page = tmp_path / "wrong.html"
    page.write_text(
        '<!DOCTYPE html>\n<html lang="en"><head><title>?</title></head>'
        f"<body>{wrong}</body></html>",
        encoding="utf-8",
    )

    assert validate(page) != ""


@pytest.mark.parametrize("theme", get_args(Theme))
def test_the_linter_finds_nothing(folder: Path, page: Page, theme: Theme) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto((folder / f"{theme}.html").as_uri())

    assert violations(page) == []


def test_the_linter_would_find_what_is_wrong(page: Page) -> None:
    page.set_content(
        '<html lang="en"><body style="background:white"><div class="atlas-backups">'
        '<p style="color:#bbb">pale</p><img src="data:,"></div></body></html>'
    )

    assert {line.partition(" ")[0] for line in violations(page)} >= {"color-contrast", "image-alt"}
