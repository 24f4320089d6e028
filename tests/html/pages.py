"""Writes pages with every sample, for validators and reviewers: `python -m tests.html.pages DIR`.

One page per theme: `light` and `dark` as the browser prefers, and those that hosts mark.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_backups.html import render
from tests.html.samples import AT, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable

HOSTS = {
    "light": "",
    "dark": "",
    "jupyterlab-light": 'data-jp-theme-light="true"',
    "jupyterlab-dark": 'data-jp-theme-light="false"',
    "vscode-light": 'class="vscode-light"',
    "vscode-dark": 'class="vscode-dark"',
    "classic": 'class="notebook_app"',
}


def page(names: Iterable[str], host: str = "light") -> str:
    """Return a page with these samples."""
    shown = "\n".join(f"<h2>{name}</h2>\n{render(SAMPLES[name], at=AT)}" for name in names)
    is_dark = host.endswith("dark")
    back, front = ("#111", "#eee") if is_dark else ("#fff", "#222")
    scheme = "dark" if is_dark else "light"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{host}</title>\n'
        f"<style>:root{{color-scheme:{scheme}}}"
        f"body{{background:{back};color:{front};font:14px system-ui,sans-serif;margin:1rem}}"
        f"h2{{font-size:12px;font-weight:400;margin:1.5rem 0 0}}</style>\n"
        f"</head>\n<body {HOSTS[host]}>\n<main>\n<h1>{host}</h1>\n{shown}\n</main>\n"
        "</body>\n</html>\n"
    )


def main(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for host in HOSTS:
        (folder / f"{host}.html").write_text(page(SAMPLES, host), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
