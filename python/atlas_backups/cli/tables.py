"""Text in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_UNKNOWN = "-"


def facts(named: Mapping[str, str | None]) -> str:
    """Return names and values in two columns, without what is not known."""
    known = {name: fact for name, fact in named.items() if fact}
    width = max(map(len, known))
    return "".join(f"{name:{width}}  {printable(fact)}\n" for name, fact in known.items())


def table(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """Return rows in columns under their names; what anybody may have written goes last."""
    lines = [names, *([printable(cell or _UNKNOWN) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(map(str.ljust, line, widths)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in padded)


def moment(time: datetime) -> str:
    """Return a UTC time to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def minute(time: datetime | None) -> str | None:
    """Return a UTC time to the minute, for a table whose title says that it is UTC."""
    return None if time is None else f"{time:%Y-%m-%d %H:%M}"


def yes_or_no(value: bool | None) -> str | None:
    """Return a truth as a word."""
    return None if value is None else ("yes" if value else "no")
