"""Results and exceptions as HTML, for notebooks: no script, nothing from elsewhere."""

from atlas_backups.html.render import render

__all__ = ["render"]
