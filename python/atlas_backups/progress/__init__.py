"""How a wait shows itself, and what it says when it is cut off."""

from atlas_backups.progress.advice import said_elsewhere
from atlas_backups.progress.counting import counting
from atlas_backups.progress.watching import watching

__all__ = ["counting", "said_elsewhere", "watching"]
