"""The command line: `atlas-backups`, also `python -m atlas_backups`."""

from atlas_backups.cli.main import main

__all__ = ["main"]
