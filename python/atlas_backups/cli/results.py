"""Shows what a command found: text for a person, or one JSON document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from atlas_backups._plain import plain
from atlas_backups.cli import output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

ResultT = TypeVar("ResultT")


def show(result: ResultT, as_text: Callable[[ResultT], str], arguments: argparse.Namespace) -> None:
    """Write a result to stdout.

    Raises:
        OutputError: it cannot be written.
    """
    is_json = arguments.output == "json"
    output.write(json.dumps(plain(result), indent=2) + "\n" if is_json else as_text(result))
