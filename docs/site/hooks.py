"""What MkDocs does not do by itself: the README's sections, the notebooks, files from elsewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from docs.site.notebook import executed

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
}
# What lets a page that was opened from a disk search. The plugin `offline` would load it from afar.
WORKER = Path(sys.prefix, "node", "node_modules", "iframe-worker", "shim", "index.js")
_INCLUDE = re.compile(r"^<!-- README: (.+) -->$", re.MULTILINE)
_FENCE = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made: the example notebooks, executed, and what lies in the root."""
    for path in sorted((ROOT / "examples" / "notebooks").glob("*.ipynb")):
        name = f"examples/{path.stem}.md"
        files.append(File.generated(config, name, content=executed(path)))
    for name, source in ELSEWHERE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    files.append(File.generated(config, "site/iframe-worker.js", abs_src_path=str(WORKER)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  # they are given by name
    """Put sections of the README where a page asks for them."""
    return _INCLUDE.sub(lambda found: section(found[1]), markdown)


def section(heading: str) -> str:
    """Return what stands in the README between a heading and the next one.

    Raises:
        LookupError: there is none, or there are several.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    hidden = _FENCE.sub(lambda found: "." * len(found[0]), text)  # a comment there is no heading
    headings = list(_HEADING.finditer(hidden))
    begins = [found.end() for found in headings if found[1] == heading]
    if len(begins) != 1:
        raise LookupError(f"the README has {len(begins)} headings {heading!r}")
    end = min((found.start() for found in headings if found.start() > begins[0]), default=len(text))
    return text[begins[0] : end].strip()
