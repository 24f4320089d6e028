"""The life as a bar over time, and the line beneath it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_backups.cli.demo.life import Life
    from atlas_backups.cli.terminal import Colour, Terminal

COLOURS: dict[str, Colour] = {
    "queued": "yellow",
    "inProgress": "cyan",
    "completed": "green",
    "failed": "red",
}
_MOST_CELLS = 60
_MARGIN = 14  # what stands left and right of the bar
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_SPINNER = "|/-\\"
_FRAMES_A_SECOND = 12


def bar(life: Life, terminal: Terminal) -> str:
    """Return elapsed time against the time that the emulator was told to take.

    No share of the work is shown, because Atlas tells none: a cell is a stretch of time, coloured
    by the status seen in it; a cross is a change that was seen.
    """
    cells = max(1, min(_MOST_CELLS, terminal.columns - _MARGIN))
    elapsed = life.elapsed
    scale = max(life.planned_seconds, elapsed)
    marks = {int(change.elapsed / scale * cells) for change in life.changes}
    line, cross, rest, full, broken = "━╋─●✗" if terminal.has_drawing else "=+-*x"
    drawn: list[str] = []
    for cell in range(cells):
        begin = cell / cells * scale
        if begin > elapsed:
            drawn.append(terminal.paint(rest, "dim"))
            continue
        end = min(elapsed, begin + scale / cells)
        colour = COLOURS.get(life.status_at(end))
        drawn.append(terminal.paint(cross if cell in marks else line, *_given(colour)))
    if life.is_over:
        end_mark = full if life.status == "completed" else broken
        drawn[-1] = terminal.paint(end_mark, *_given(COLOURS.get(life.status)))
    return f"  0 s {''.join(drawn)} {scale:.1f} s"


def now(life: Life, terminal: Terminal) -> str:
    """Return the status, the time and what is still missing, within one line."""
    spinner = _SPINNER if terminal.has_drawing else _PLAIN_SPINNER
    frame = spinner[int(life.elapsed * _FRAMES_A_SECOND) % len(spinner)]
    missing = ", ".join(life.still_unsaid)
    text = f"  {frame} {life.elapsed:4.1f} s  {life.status:<10}"
    if missing:
        text += f"  not yet: {missing}"
    return terminal.paint(text[: terminal.columns - 1], *_given(COLOURS.get(life.status)))


def _given(colour: Colour | None) -> tuple[Colour, ...]:
    return () if colour is None else (colour,)
