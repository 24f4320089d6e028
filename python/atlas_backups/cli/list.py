"""`atlas-backups list`: the snapshots of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import options, results
from atlas_backups.cli.addresses import project_id
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.snapshots import listing

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Show the snapshots of a cluster."""
    parser = options.parser_of("list", "List the snapshots of a cluster, newest first.")
    options.add_cluster(parser)
    options.add_common(parser)
    arguments = options.parse(parser, argv)
    with connected(arguments) as atlas:
        snapshots = atlas.list_snapshots(project_id(atlas, arguments), arguments.cluster)
        results.show(tuple(snapshots), listing, arguments)
    return SUCCESS
