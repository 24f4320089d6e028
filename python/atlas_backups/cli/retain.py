"""`atlas-backups retain`: how long a snapshot is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli import options, results, waiting
from atlas_backups.cli.addresses import snapshot_address
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.snapshots import details

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups.cli.parser import Parser

_DESCRIPTION = """\
Change how long a snapshot is kept, counted from its completion.

Atlas changes only what is complete; --wait waits for that first."""
_UNITS = ("days", "weeks", "months", "years")


def main(argv: Sequence[str]) -> int:
    """Change the retention of a snapshot and show it."""
    arguments = options.parse(_parser(), argv)
    retention = {unit: getattr(arguments, unit) for unit in _UNITS}
    with connected(arguments) as atlas:
        address = snapshot_address(atlas, arguments)
        if arguments.wait:
            waiting.until_final(atlas, address, arguments)
        results.show(atlas.update_retention(*address, **retention), details, arguments)
    return SUCCESS


def _parser() -> Parser:
    parser = options.parser_of("retain", _DESCRIPTION)
    options.add_snapshot(parser)
    units = parser.add_mutually_exclusive_group(required=True)
    for unit in _UNITS:
        units.add_argument(f"--{unit}", type=options.whole_number, metavar="N", help="1 or more")
    options.add_wait(parser, on_demand="wait for an unfinished snapshot first")
    options.add_common(parser)
    return parser
