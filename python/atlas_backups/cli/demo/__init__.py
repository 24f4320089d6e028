"""`atlas-backups demo`: the life of a snapshot on the emulator, to watch."""

from atlas_backups.cli.demo.command import main

__all__ = ["main"]
