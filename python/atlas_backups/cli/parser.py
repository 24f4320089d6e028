"""argparse as the commands use it."""

from __future__ import annotations

import argparse
import itertools
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "atlas-backups"


class UsageError(Exception):
    """The command line itself is wrong.

    Attributes:
        usage: how the command is called, as argparse writes it.
    """

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UsageError` and never repeats what may be a secret.

    Abbreviations are off: a new option would make scripts that use them ambiguous.
    """

    def __init__(
        self,
        *,
        prog: str,
        description: str | None = None,
        epilog: str | None = None,
        add_help: bool = True,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            add_help=add_help,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse all of `argv`, or raise `UsageError`."""
        arguments, unknown = self.parse_known_args(argv)
        if unknown:
            # What follows an unknown option may be its value: --client-secret s3cret, -ps3cret.
            options = [_name_of(word) for word in unknown if word.startswith("-")]
            self.error(f"unrecognized arguments: {' '.join(options or unknown)}")
        return arguments

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(message, self.format_usage())


def wants_json(argv: Sequence[str]) -> bool:
    """Return whether JSON was asked for, also where the command line cannot be parsed."""
    pairs = itertools.pairwise(argv)
    return "--output=json" in argv or ("--output", "json") in pairs


def _name_of(word: str) -> str:
    return word.partition("=")[0] if word.startswith("--") else word[:2]
