"""Results as JSON, or as text in columns."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from atlas_backups._format import format_size, printable
from atlas_backups._plain import plain
from atlas_backups.cli import output
from atlas_backups.models import ShardedClusterSnapshot

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from atlas_backups.models import Snapshot

ResultT = TypeVar("ResultT")


def print_result(
    result: ResultT, as_text: Callable[[ResultT], str], arguments: argparse.Namespace
) -> None:
    """Write a result to stdout, as one JSON document or as text.

    Raises:
        OutputError: stdout cannot be written.
    """
    is_json = arguments.output == "json"
    output.write(json.dumps(plain(result), indent=2) + "\n" if is_json else as_text(result))


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows in columns below their names; put text of users into the last column."""
    lines = [names, *([printable(_cell(value)) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(map(str.ljust, line, widths)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in padded)


def snapshot_details(snapshot: Snapshot) -> str:
    """Return the known fields of a snapshot, one a line."""
    status = snapshot.status or "unknown"
    moves = "" if snapshot.is_final else " (moves when it completes)"
    found = {True: "yes, taken by this call", False: "no, found: this call took none"}
    fields = {
        "Snapshot": snapshot.id,
        "Status": status if snapshot.is_final else f"{status} (not complete yet)",
        "New": None if snapshot.is_new is None else found[snapshot.is_new],
        "Cluster": f"{snapshot.cluster_name} ({snapshot.type or 'unknown type'})",
        "Project": snapshot.group_id,
        "Type": snapshot.snapshot_type,
        "Description": snapshot.description,
        "Requested": second(snapshot.requested_at),
        "Created": second(snapshot.created_at) if snapshot.created_at else None,
        "Expires": second(snapshot.expires_at) + moves if snapshot.expires_at else None,
        "Size": _size(snapshot),
        "MongoDB": snapshot.mongod_version,
        "Parts": _parts(snapshot),
    }
    known = {name: value for name, value in fields.items() if value}
    width = max(map(len, known))
    return "".join(f"{name:{width}}  {printable(value)}\n" for name, value in known.items())


def snapshot_summary(snapshot: Snapshot) -> str:
    """Return one line that identifies a snapshot."""
    status = snapshot.status or "status unknown"
    text = f', "{snapshot.description}"' if snapshot.description else ""
    return (
        f"snapshot {snapshot.id} of {snapshot.cluster_name}, {status}, requested"
        f" {second(snapshot.requested_at)}{text}"
    )


def snapshot_table(snapshots: Iterable[Snapshot]) -> str:
    """Return one line a snapshot."""
    return table(
        ("ID", "STATUS", "TYPE", "REQUESTED (UTC)", "EXPIRES (UTC)", "SIZE", "DESCRIPTION"),
        (
            (
                snapshot.id,
                snapshot.status,
                snapshot.snapshot_type,
                snapshot.requested_at,
                snapshot.expires_at,
                _size(snapshot),
                snapshot.description or " ",
            )
            for snapshot in snapshots
        ),
    )


def second(time: datetime) -> str:
    """Return a UTC time to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"  # the name of the column says UTC
    return "-" if value is None or value == "" else str(value)


def _size(snapshot: Snapshot) -> str | None:
    # Atlas reports 0 while the size is unknown.
    return format_size(snapshot.storage_size_bytes) if snapshot.storage_size_bytes else None


def _parts(snapshot: Snapshot) -> str | None:
    if not isinstance(snapshot, ShardedClusterSnapshot):
        return None
    return ", ".join(member.replica_set_name or member.id or "?" for member in snapshot.members)
