"""argparse as the commands use it, and the options that several of them share."""

from __future__ import annotations

import argparse
import itertools
import os
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "atlas-backups"
PROJECT_VARIABLE = "MONGODB_ATLAS_PROJECT_ID"

CREDENTIALS_HELP = """\
credentials come from the environment only, because other users can read command lines:
  MONGODB_ATLAS_ACCESS_TOKEN
  MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET        (a service account)
  MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY"""


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


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add `--output` and `-v`."""
    parser.add_argument(
        "--output",
        choices=("table", "json"),
        default="table",
        help="table for a person, json for a program: one object on stdout, errors as one line of"
        " JSON on stderr (default: %(default)s)",
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log to stderr what happens; -vv: every request",
    )


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the project."""
    parser.add_argument(
        "--project-id",
        metavar="ID",
        default=os.environ.get(PROJECT_VARIABLE) or None,
        help=f"24 hexadecimal digits (default: {PROJECT_VARIABLE})",
    )


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the options of the client; what is not given is left to the client's defaults."""
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--base-url",
        metavar="URL",
        help="where Atlas is (default: MONGODB_ATLAS_BASE_URL or MONGODB_ATLAS_OPS_MANAGER_URL,"
        " else https://cloud.mongodb.com)",
    )
    group.add_argument(
        "--timeout", type=float, metavar="S", help="seconds for one attempt (default: 60)"
    )
    group.add_argument(
        "--total-timeout",
        type=float,
        metavar="S",
        help="seconds for everything, retries included (default: 300)",
    )
    group.add_argument(
        "--proxy",
        type=_proxy,
        metavar="URL",
        help="an http(s) proxy, without a password (default: HTTPS_PROXY, ALL_PROXY, NO_PROXY)",
    )
    group.add_argument(
        "--ca-file", metavar="F", help="PEM file of certificates to trust besides the system's"
    )


def _name_of(word: str) -> str:
    return word.partition("=")[0] if word.startswith("--") else word[:2]


def _proxy(text: str) -> str:
    if "@" in text:
        raise argparse.ArgumentTypeError("put a proxy with a password into HTTPS_PROXY")
    return text
