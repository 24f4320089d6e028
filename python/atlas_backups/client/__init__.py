"""The client: `AtlasBackups`, put together from one file for each kind of operation."""

from atlas_backups.client.client import AtlasBackups

__all__ = ["AtlasBackups"]
