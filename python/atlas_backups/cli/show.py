"""`atlas-backups show`: one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import options, results
from atlas_backups.cli.addresses import snapshot_address
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.snapshots import details

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Show a snapshot, whatever its status."""
    parser = options.parser_of("show", "Show a snapshot as it is now, whatever its status.")
    options.add_snapshot(parser)
    options.add_common(parser)
    arguments = options.parse(parser, argv)
    with connected(arguments) as atlas:
        snapshot = atlas.get_snapshot(*snapshot_address(atlas, arguments))
        results.show(snapshot, details, arguments)
    return SUCCESS
