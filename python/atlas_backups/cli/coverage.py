"""`atlas-backups coverage`: which clusters have a fresh backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups._quantities import span
from atlas_backups.cli import options, output, results
from atlas_backups.cli.addresses import project_id
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.parser import PROGRAM
from atlas_backups.cli.tables import minute, table, yes_or_no
from atlas_backups.errors import AtlasError, ClusterNotSupportedError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from atlas_backups import AtlasBackups, ClusterCoverage

_DESCRIPTION = """\
Show the newest completed snapshot of every cluster and its age, the worst first.

Without a project: those of all projects that the credentials can see. The exit status is 0 if
everything could be read, however old it is. Flex clusters are included."""


class IncompleteError(AtlasError):
    """Some clusters could not be read, so what is shown is not the whole answer."""


def main(argv: Sequence[str]) -> int:
    """Show the coverage.

    Raises:
        IncompleteError: some of it could not be read; the rest has been shown.
    """
    parser = options.parser_of("coverage", _DESCRIPTION)
    options.add_project(parser, or_all=True)
    options.add_common(parser)
    arguments = parser.parse(argv)
    with connected(arguments) as atlas:
        coverage = atlas.backup_coverage(_group_id(atlas, arguments))
        results.show(coverage.to_dicts(), lambda _: _table(coverage), arguments)
    unread = [entry for entry in coverage if entry.error and not _is_unsupported(entry)]
    if arguments.output == "table":
        for entry in unread:
            output.complain(f"{PROGRAM}: {output.printable(str(entry.error))}\n")
    if unread:
        raise IncompleteError(f"{len(unread)} of {len(coverage)} could not be read")
    return SUCCESS


def _group_id(atlas: AtlasBackups, arguments: argparse.Namespace) -> str | None:
    is_named = arguments.project is not None or arguments.project_id is not None
    return project_id(atlas, arguments) if is_named and not arguments.all_projects else None


def _table(coverage: Iterable[ClusterCoverage]) -> str:
    return table(
        (
            "CLUSTER",
            "NEWEST (UTC)",
            "AGE",
            "RUNNING",
            "FAILED (UTC)",
            "BACKUP",
            "PAUSED",
            "PROJECT",
        ),
        (
            (
                entry.cluster_name,
                _newest(entry),
                None if (age := entry.age_seconds) is None else span(age),
                ", ".join(snapshot.status or "?" for snapshot in entry.running),
                minute(entry.failed.requested_at) if entry.failed else None,
                yes_or_no(entry.backup_enabled),
                yes_or_no(entry.paused),
                entry.project_name or entry.group_id,
            )
            for entry in coverage
        ),
    )


def _newest(entry: ClusterCoverage) -> str:
    if entry.error is not None:
        return "not supported" if _is_unsupported(entry) else "not read"
    if entry.newest is None:
        return "none"
    return minute(entry.newest.created_at) or "time not said"


def _is_unsupported(entry: ClusterCoverage) -> bool:
    """Whether it is of a kind that has no snapshots: no gap in what was read."""
    return isinstance(entry.error, ClusterNotSupportedError)
