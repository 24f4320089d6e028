"""The commands `list`, `show`, `retain`, `delete`, `projects`, `clusters` and `coverage`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from atlas_backups._format import format_duration, printable
from atlas_backups.cli import options, output
from atlas_backups.cli.options import UsageError
from atlas_backups.cli.render import print_result, snapshot_details, snapshot_table, table
from atlas_backups.cli.session import address_of, connected
from atlas_backups.cli.wait import wait_until_final
from atlas_backups.errors import AtlasError, ClusterNotSupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from atlas_backups import AtlasBackups, Cluster, ClusterCoverage, Project
    from atlas_backups.cli.options import Parser
    from atlas_backups.cli.session import Address

_UNITS = ("days", "weeks", "months", "years")
_RETAIN = """\
Change how long a snapshot is kept, counted from its completion.

Atlas changes only completed snapshots; --wait waits for that first."""
_DELETE = """\
Delete a snapshot. It is shown first, and deleted after confirmation; scripts give --yes.

Atlas deletes only finished snapshots; --wait waits for that first."""
_PROJECTS = "List the projects of the credentials."
_CLUSTERS = "List the clusters of a project, except flex clusters (no on-demand snapshots)."
_COVERAGE = """\
Show the newest completed snapshot of every cluster and its age, the worst first.

Without a project: the clusters of all projects of the credentials. The exit status is 0 if
everything could be read, regardless of the ages. Flex clusters are included."""


class NotConfirmedError(AtlasError):
    """The user did not confirm."""


class IncompleteError(AtlasError):
    """Some clusters could not be read, so the output is incomplete."""


def list_snapshots(argv: Sequence[str]) -> None:
    """Print the snapshots of a cluster."""
    arguments = options.parse(
        "list", "List the snapshots of a cluster, newest first.", argv, options.add_cluster
    )
    with connected(arguments) as atlas:
        snapshots = atlas.list_snapshots(arguments.group_id, arguments.cluster)
        print_result(tuple(snapshots), snapshot_table, arguments)


def show(argv: Sequence[str]) -> None:
    """Print a snapshot of any status."""
    arguments = options.parse(
        "show", "Show the current state of a snapshot.", argv, options.add_snapshot
    )
    with connected(arguments) as atlas:
        print_result(atlas.get_snapshot(*address_of(arguments)), snapshot_details, arguments)


def retain(argv: Sequence[str]) -> None:
    """Change the retention of a snapshot and print it."""
    arguments = options.parse("retain", _RETAIN, argv, options.add_snapshot, _add_retain)
    retention = {unit: getattr(arguments, unit) for unit in _UNITS}
    with connected(arguments) as atlas:
        address = address_of(arguments)
        if arguments.wait:
            wait_until_final(atlas, address, arguments)
        print_result(atlas.update_retention(*address, **retention), snapshot_details, arguments)


def delete(argv: Sequence[str]) -> None:
    """Delete a snapshot after confirmation."""
    arguments = options.parse("delete", _DELETE, argv, options.add_snapshot, _add_delete)
    is_interactive = output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)
    if not arguments.yes and not is_interactive:
        raise UsageError("no terminal to ask for confirmation: give --yes to delete")
    with connected(arguments) as atlas:
        address = address_of(arguments)
        if not arguments.yes:
            _confirm(atlas, address)
        if arguments.wait:
            wait_until_final(atlas, address, arguments)
        atlas.delete_snapshot(*address)
        text = f"Deleted snapshot {address.snapshot_id} of {address.cluster_name}\n"
        print_result({"deleted": address._asdict()}, lambda _: text, arguments)


def projects(argv: Sequence[str]) -> None:
    """Print the projects."""
    arguments = options.parse("projects", _PROJECTS, argv, needs_project=False)
    with connected(arguments) as atlas:
        print_result(atlas.list_projects(), _project_table, arguments)


def clusters(argv: Sequence[str]) -> None:
    """Print the clusters of a project."""
    arguments = options.parse("clusters", _CLUSTERS, argv, options.add_project)
    with connected(arguments) as atlas:
        print_result(atlas.list_clusters(arguments.group_id), _cluster_table, arguments)


def coverage(argv: Sequence[str]) -> None:
    """Print the newest backup of each cluster.

    Raises:
        IncompleteError: some clusters could not be read; the others have been printed.
    """
    add_project = partial(options.add_project, or_all=True)
    arguments = options.parse("coverage", _COVERAGE, argv, add_project, needs_project=False)
    with connected(arguments) as atlas:
        found = atlas.backup_coverage(arguments.group_id)
        print_result(found.to_dicts(), lambda _: _coverage_table(found), arguments)
    failed = [entry for entry in found if entry.error and not _is_unsupported(entry)]
    if arguments.output == "table":
        for entry in failed:
            output.write_stderr(f"{options.PROGRAM}: {printable(str(entry.error))}\n")
    if failed:
        raise IncompleteError(f"{len(failed)} of {len(found)} could not be read")


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "list": list_snapshots,
    "show": show,
    "retain": retain,
    "delete": delete,
    "projects": projects,
    "clusters": clusters,
    "coverage": coverage,
}


def _add_retain(parser: Parser) -> None:
    units = parser.add_mutually_exclusive_group(required=True)
    for unit in _UNITS:
        units.add_argument(f"--{unit}", type=options.whole_number, metavar="N", help="1 or more")
    options.add_wait(parser, help_of_wait="first wait for an unfinished snapshot")


def _add_delete(parser: Parser) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help="delete without confirmation")
    options.add_wait(parser, help_of_wait="first wait for an unfinished snapshot")


def _confirm(atlas: AtlasBackups, address: Address) -> None:
    """Ask for confirmation, on stderr because stdout is for results.

    Raises:
        NotConfirmedError: the reply is not yes.
    """
    shown = snapshot_details(atlas.get_snapshot(*address))
    output.write_stderr(f"{shown}Delete it permanently? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotConfirmedError("not confirmed, nothing was deleted")


def _project_table(projects: Iterable[Project]) -> str:
    rows = ((it.id, it.cluster_count, it.created, it.name) for it in projects)
    return table(("ID", "CLUSTERS", "CREATED (UTC)", "NAME"), rows)


def _cluster_table(clusters: Iterable[Cluster]) -> str:
    rows = (
        (it.name, it.cluster_type, it.state_name, it.mongo_db_version, it.backup_enabled, it.paused)
        for it in clusters
    )
    return table(("NAME", "TYPE", "STATE", "MONGODB", "BACKUP", "PAUSED"), rows)


def _coverage_table(entries: Iterable[ClusterCoverage]) -> str:
    rows = (
        (
            entry.cluster_name,
            _newest(entry),
            None if (age := entry.age_seconds) is None else format_duration(age),
            ", ".join(snapshot.status or "?" for snapshot in entry.running),
            entry.failed and entry.failed.requested_at,
            entry.backup_enabled,
            entry.paused,
            entry.project_name or entry.group_id,
        )
        for entry in entries
    )
    names = "CLUSTER|NEWEST (UTC)|AGE|RUNNING|FAILED (UTC)|BACKUP|PAUSED|PROJECT"
    return table(names.split("|"), rows)


def _newest(entry: ClusterCoverage) -> datetime | str:
    if entry.error is not None:
        return "not supported" if _is_unsupported(entry) else "not read"
    if entry.newest is None:
        return "none"
    return entry.newest.created_at or "time unknown"


def _is_unsupported(entry: ClusterCoverage) -> bool:
    """Return whether the cluster's kind has no snapshots, which makes nothing incomplete."""
    return isinstance(entry.error, ClusterNotSupportedError)
