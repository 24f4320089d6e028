"""`atlas-backups demo`: one snapshot of the emulator, from the request to its end."""

from __future__ import annotations

import argparse
import math
import time
from typing import TYPE_CHECKING

from atlas_backups._plain import plain
from atlas_backups.cli.errors import FAILURE, SUCCESS
from atlas_backups.cli.options import PROGRAM, Parser
from atlas_backups.cli.output import paint, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups import Snapshot

_DESCRIPTION = """\
Start the emulator, take a snapshot over HTTP with AtlasBackups, and watch it to its end.

No account is needed and nothing leaves this machine. Exit status 0 means that it completed."""
_NEXT = """
Next, with MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET set:
  python    from atlas_backups import AtlasBackups
            AtlasBackups().take_snapshot("PROJECT_ID", "Cluster0")
  shell     atlas-backups take Cluster0 --project-id PROJECT_ID
  emulator  atlas-backups emulator --port 8080
"""
_RECORDED_SECONDS = 157.0  # of the snapshot of Atlas that the emulator replays
_MAX_SECONDS = 3600.0
_COLOURS = {"queued": "yellow", "inProgress": "cyan", "completed": "green", "failed": "red"}
_FIELDS = (
    "id",
    "mongod_version",
    "cloud_provider",
    "created_at",
    "storage_size_bytes",
    "expires_at",
)


def demo(argv: Sequence[str]) -> int:
    """Take a snapshot from the emulator and print each change."""
    parser = Parser(prog=f"{PROGRAM} demo", description=_DESCRIPTION)
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=6.0,
        metavar="S",
        help="duration of the snapshot (default: %(default)s)",
    )
    parser.add_argument("--fail", action="store_true", help="let the snapshot fail: exit status 1")
    arguments = parser.parse(argv)
    return _run(arguments.seconds, fails=arguments.fail)


def _run(seconds: float, *, fails: bool) -> int:
    # --help works without these.
    from atlas_backups import AtlasBackups  # noqa: PLC0415
    from atlas_backups.emulator import AtlasEmulator  # noqa: PLC0415

    with (
        AtlasEmulator(snapshot_seconds=seconds) as emulator,
        AtlasBackups(emulator.credentials, base_url=emulator.base_url) as atlas,
    ):
        if fails:
            emulator.next_snapshot(fails=True)
        call = f'atlas.take_snapshot("{emulator.group_id}", "{emulator.cluster_name}",'
        more = 'description="before release 42", retention_in_days=7)'
        write(
            f"Emulator at {emulator.base_url}: no account, nothing leaves this machine.\n"
            f"It replays a snapshot that took {_RECORDED_SECONDS:.0f} s on Atlas, here in"
            f" {seconds:g} s.\n\n  {paint(call, 'bold')}\n{'':22}{paint(more, 'bold')}\n\n"
        )
        started = time.monotonic()
        snapshot = atlas.take_snapshot(
            emulator.group_id,
            emulator.cluster_name,
            description="before release 42",
            retention_in_days=7,
        )
        elapsed = 0.0
        write(_changes(None, snapshot, elapsed))
        changes = atlas.watch_snapshot(
            snapshot, timeout=seconds + 30, poll_interval=min(0.25, seconds / 150)
        )
        for seen in changes:
            elapsed = time.monotonic() - started
            write(_changes(snapshot, seen, elapsed))
            snapshot = seen
        methods = [request.method for request in emulator.requests if "/snap" in request.path]
    completed = snapshot.status == "completed"
    end = "completed in" if completed else "there is no backup, take another: failed after"
    end = paint(f"{end} {elapsed:.1f} s", "bold", "green" if completed else "red")
    requests = f"{methods.count('POST')} POST to take it, {methods.count('GET')} GET to watch it"
    write(f"\n{end}: {requests}\n")
    write(_NEXT if completed else "")
    return SUCCESS if completed else FAILURE


def _changes(before: Snapshot | None, after: Snapshot, elapsed: float) -> str:
    """Return the status, if it is new, and the fields that have changed, one a line."""
    old: dict[str, object] = plain(before) or {}
    new: dict[str, object] = plain(after)
    changed = [name for name in _FIELDS if new.get(name) and new.get(name) != old.get(name)]
    status = after.status if after.status and new["status"] != old.get("status") else ""
    if not changed and not status:
        return ""
    painted = paint(f"{status:<12}", "bold", _COLOURS.get(status, "bold"))
    head, rest = f"{elapsed:6.1f} s  {painted}", " " * 22
    lines = [f"{rest if n else head}{it:18}  {new[it]}\n" for n, it in enumerate(changed)]
    return "".join(lines) or f"{head.rstrip()}\n"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"seconds must be above 0 and at most {_MAX_SECONDS:.0f}")
    return seconds
