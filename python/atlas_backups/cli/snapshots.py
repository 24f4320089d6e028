"""A snapshot as a small table for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli.output import printable

if TYPE_CHECKING:
    from datetime import datetime

    from atlas_backups import Snapshot

_STEP = 1024.0
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def table(snapshot: Snapshot) -> str:
    """Return what Atlas has said about a snapshot, one line a fact."""
    status = snapshot.status or "not said"
    moves = "" if snapshot.is_final else " (moves when it completes)"
    facts = {
        "Snapshot": snapshot.id,
        "Status": status if snapshot.is_final else f"{status} (not complete yet)",
        "Cluster": f"{snapshot.cluster_name} ({snapshot.type or 'type not said'})",
        "Project": snapshot.group_id,
        "Description": snapshot.description,
        "Requested": moment(snapshot.requested_at),
    }
    if snapshot.created_at is not None:
        facts["Created"] = moment(snapshot.created_at)
    if snapshot.expires_at is not None:
        facts["Expires"] = moment(snapshot.expires_at) + moves
    if snapshot.storage_size_bytes:
        facts["Size"] = size(snapshot.storage_size_bytes)
    return rows({name: fact for name, fact in facts.items() if fact})


def rows(facts: dict[str, str]) -> str:
    """Return names and values in two columns."""
    width = max(map(len, facts))
    return "".join(f"{name:{width}}  {printable(fact)}\n" for name, fact in facts.items())


def moment(time: datetime) -> str:
    """Return a UTC time to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def size(count: float) -> str:
    """Return a number of bytes in the unit that suits it."""
    power = 0
    while count >= _STEP and power < len(_UNITS) - 1:
        count /= _STEP
        power += 1
    return f"{count:.{min(power, 1)}f} {_UNITS[power]}"
