"""`atlas-backups delete`: a snapshot, after a question."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from atlas_backups.cli import options, output, results, waiting
from atlas_backups.cli.addresses import snapshot_address
from atlas_backups.cli.client import connected
from atlas_backups.cli.failures import SUCCESS
from atlas_backups.cli.snapshots import details
from atlas_backups.cli.terminal import is_terminal
from atlas_backups.errors import AtlasError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atlas_backups import AtlasBackups
    from atlas_backups.cli.addresses import Address
    from atlas_backups.cli.parser import Parser

_DESCRIPTION = """\
Delete a snapshot. It is shown first, and deleted after a yes; a script says --yes beforehand.

Atlas deletes only what is finished; --wait waits for that first."""


class NotConfirmedError(AtlasError):
    """The answer was not yes."""


def main(argv: Sequence[str]) -> int:
    """Delete a snapshot and say so."""
    parser = _parser()
    arguments = options.parse(parser, argv)
    if not arguments.yes and not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        parser.error("nobody can be asked, there is no terminal: give --yes to delete")
    with connected(arguments) as atlas:
        address = snapshot_address(atlas, arguments)
        if not arguments.yes:
            _confirm(atlas, address)
        if arguments.wait:
            waiting.until_final(atlas, address, arguments)
        atlas.delete_snapshot(*address)
        text = f"Deleted snapshot {address.snapshot_id} of {address.cluster_name}\n"
        results.show({"deleted": address._asdict()}, lambda _: text, arguments)
    return SUCCESS


def _parser() -> Parser:
    parser = options.parser_of("delete", _DESCRIPTION)
    options.add_snapshot(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="delete without a question")
    options.add_wait(parser, on_demand="wait for an unfinished snapshot first")
    options.add_common(parser)
    return parser


def _confirm(atlas: AtlasBackups, address: Address) -> None:
    """Ask a person, on stderr because stdout is for results.

    Raises:
        NotConfirmedError: the answer is not yes.
    """
    output.complain(f"{details(atlas.get_snapshot(*address))}Delete it for good? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotConfirmedError("not confirmed, nothing was deleted")
