"""`atlas-backups wait`: until a snapshot is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import options, results, waiting
from atlas_backups.cli.addresses import snapshot_address
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.snapshots import details

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Wait until a snapshot is complete, through outages.

Exit status 0 means that it is complete. After a time-out or Ctrl-C it goes on in Atlas, and may be
waited for again."""


def main(argv: Sequence[str]) -> int:
    """Wait for a snapshot and show it."""
    parser = options.parser_of("wait", _DESCRIPTION)
    options.add_snapshot(parser)
    options.add_wait(parser)
    options.add_common(parser)
    arguments = options.parse(parser, argv)
    with connected(arguments) as atlas:
        address = snapshot_address(atlas, arguments)
        snapshot = waiting.until_completed(
            atlas, address, arguments, timeout=arguments.wait_timeout
        )
        results.show(snapshot, details, arguments)
    return SUCCESS
