"""How a wait shows itself, and what to say when it is cut off."""

from atlas_backups.progress.lines import counting, watching

__all__ = ["counting", "watching"]
