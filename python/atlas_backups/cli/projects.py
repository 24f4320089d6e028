"""`atlas-backups projects`: those that the credentials can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import options, results
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.tables import minute, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from atlas_backups.inventory import Project


def main(argv: Sequence[str]) -> int:
    """Show the projects."""
    parser = options.parser_of("projects", "List the projects that the credentials can see.")
    options.add_common(parser)
    arguments = parser.parse(argv)
    with connected(arguments) as atlas:
        results.show(atlas.list_projects(), _table, arguments)
    return SUCCESS


def _table(projects: Iterable[Project]) -> str:
    return table(
        ("ID", "CLUSTERS", "CREATED (UTC)", "NAME"),
        (
            (
                project.id,
                None if project.cluster_count is None else str(project.cluster_count),
                minute(project.created),
                project.name,
            )
            for project in projects
        ),
    )
