"""What is said when it is over: the result in a frame, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups._quantities import size
from atlas_backups.cli.demo.timeline import COLOURS
from atlas_backups.cli.tables import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups.cli.demo.life import Life
    from atlas_backups.cli.terminal import Terminal
    from atlas_backups.emulator import ReceivedRequest
    from atlas_backups.models import Snapshot

_NEXT = """
Next (your MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET being set):
  python    from atlas_backups import AtlasBackups
            AtlasBackups().take_snapshot("PROJECT_ID", "Cluster0")
  shell     atlas-backups take Cluster0 --project-id PROJECT_ID
  emulator  atlas-backups emulator --port 8080
"""


def text(
    snapshot: Snapshot, life: Life, requests: Sequence[ReceivedRequest], terminal: Terminal
) -> str:
    """Return the summary, and after a success what to try next."""
    card = "\n" + _framed(_title(snapshot, life), _facts(snapshot, requests), terminal)
    return card + _NEXT if snapshot.status == "completed" else card


def _title(snapshot: Snapshot, life: Life) -> str:
    if snapshot.status == "completed":
        return f"completed in {life.elapsed:.1f} s"
    return f"{snapshot.status} after {life.elapsed:.1f} s: there is no backup, take another"


def _facts(snapshot: Snapshot, requests: Sequence[ReceivedRequest]) -> dict[str, str]:
    takes = sum(item.method == "POST" and item.path.endswith("/snapshots") for item in requests)
    looks = sum(item.method == "GET" for item in requests)
    facts = {
        "snapshot": snapshot.id,
        "cluster": f"{snapshot.cluster_name}, MongoDB {snapshot.mongod_version}",
    }
    if snapshot.created_at is not None:
        facts["data of"] = moment(snapshot.created_at)
    if snapshot.storage_size_bytes:
        facts["size"] = size(snapshot.storage_size_bytes)
    if snapshot.expires_at is not None and snapshot.status == "completed":
        facts["kept until"] = moment(snapshot.expires_at)
    facts["requests"] = f"{takes} POST to take it, {looks} GET to watch it"
    return facts


def _framed(title: str, facts: dict[str, str], terminal: Terminal) -> str:
    lines = [f"{name:<10}  {fact}" for name, fact in facts.items()]
    width = max(len(title) + 2, *map(len, lines))
    top_left, top_right, bottom_left, bottom_right, across, down = (
        "╭╮╰╯─│" if terminal.has_drawing else "++++-|"
    )
    if width + 4 > terminal.columns:
        return "".join(f"{line}\n" for line in (title, *lines))
    status = title.split(maxsplit=1)[0]
    colours = ("bold", COLOURS[status]) if status in COLOURS else ()
    side = terminal.paint(down, "dim")
    head = (
        terminal.paint(f"{top_left}{across} ", "dim")
        + terminal.paint(title, *colours)
        + terminal.paint(f" {across * (width - len(title) - 1)}{top_right}", "dim")
    )
    body = [f"{side} {line:<{width}} {side}" for line in lines]
    foot = terminal.paint(f"{bottom_left}{across * (width + 2)}{bottom_right}", "dim")
    return "".join(f"{line}\n" for line in (head, *body, foot))
