"""`atlas-backups clusters`: those of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import options, results
from atlas_backups.cli.addresses import project_id
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.tables import table, yes_or_no

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from atlas_backups.inventory import Cluster

_DESCRIPTION = "List the clusters of a project, but flex ones, which take no on-demand snapshots."


def main(argv: Sequence[str]) -> int:
    """Show the clusters."""
    parser = options.parser_of("clusters", _DESCRIPTION)
    options.add_project(parser)
    options.add_common(parser)
    arguments = options.parse(parser, argv)
    with connected(arguments) as atlas:
        results.show(atlas.list_clusters(project_id(atlas, arguments)), _table, arguments)
    return SUCCESS


def _table(clusters: Iterable[Cluster]) -> str:
    return table(
        ("NAME", "TYPE", "STATE", "MONGODB", "BACKUP", "PAUSED"),
        (
            (
                cluster.name,
                cluster.cluster_type,
                cluster.state_name,
                cluster.mongo_db_version,
                yes_or_no(cluster.backup_enabled),
                yes_or_no(cluster.paused),
            )
            for cluster in clusters
        ),
    )
