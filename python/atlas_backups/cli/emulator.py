"""`atlas-backups emulator`: the emulator has a command of its own, with its own options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.emulator import command

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Run the emulator until Ctrl-C."""
    return command.main(argv)
