"""What is said before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_backups.cli.terminal import Terminal
    from atlas_backups.emulator import AtlasEmulator

# How long the real snapshot took whose life the emulator plays.
_RECORDED_SECONDS = 157.0


def text(emulator: AtlasEmulator, seconds: float, terminal: Terminal) -> str:
    """Return where the emulator is, how fast it plays, and the call that comes now."""
    call = f'atlas.take_snapshot("{emulator.group_id}", "{emulator.cluster_name}",'
    more = 'description="before release 42", retention_in_days=7)'
    pace = _RECORDED_SECONDS / seconds
    return (
        f"Emulator at {emulator.base_url}: no account, nothing leaves this machine.\n"
        f"A snapshot that took {_RECORDED_SECONDS:.0f} s on Atlas, played in {seconds:g} s"
        f" ({round(pace, 1):g} times as fast).\n"
        "\n"
        f"  {terminal.paint(call, 'bold')}\n"
        f"                      {terminal.paint(more, 'bold')}\n"
        "\n"
    )
