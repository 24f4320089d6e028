"""The argument parser, and the options that several commands share."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from atlas_backups.cli.output import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROGRAM = "atlas-backups"
PROJECT_VARIABLE = "MONGODB_ATLAS_PROJECT_ID"
_WAIT_SECONDS = 3600.0
_CREDENTIALS = """\
credentials come from the environment only, because other users can read command lines:
  MONGODB_ATLAS_ACCESS_TOKEN
  MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET        (a service account)
  MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY"""


class UsageError(Exception):
    """The command line is invalid.

    Attributes:
        usage: the usage line that argparse prints.
    """

    def __init__(self, message: str, usage: str = "") -> None:
        super().__init__(message)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UsageError` and never echoes a possible secret.

    Abbreviations are off: a new option would make scripts that use them ambiguous.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # those of `ArgumentParser`
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=formatter, **options)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse all of `argv`, or raise `UsageError`."""
        arguments, unknown = self.parse_known_args(argv)
        if unknown:
            # The word after an unknown option may be its value: --client-secret s3cret, -ps3cret.
            options = [_option_name(word) for word in unknown if word.startswith("-")]
            self.error(f"unrecognized arguments: {' '.join(options or unknown)}")
        return arguments

    def error(self, message: str) -> NoReturn:
        """Reject the command line."""
        raise UsageError(message, self.format_usage())


def wants_json(argv: Sequence[str]) -> bool:
    """Return whether `argv` selects JSON, even if it cannot be parsed."""
    return "--output=json" in argv or ("--output", "json") in itertools.pairwise(argv)


def parse(
    command: str,
    description: str,
    argv: Sequence[str],
    *add_options: Callable[[Parser], None],
    needs_project: bool = True,
) -> argparse.Namespace:
    """Parse the arguments of a command that sends requests to Atlas.

    `add_options` add the command's own arguments; those of `add_common` follow.
    """
    parser = Parser(prog=f"{PROGRAM} {command}", description=description, epilog=_CREDENTIALS)
    for add in (*add_options, add_common):
        add(parser)
    arguments = parser.parse(argv)
    if needs_project and arguments.project is None and arguments.project_id is None:
        parser.error(f"no project: give --project, --project-id or set {PROJECT_VARIABLE}")
    values = vars(arguments)
    if values.get("wait_timeout", 0.0) is None:
        arguments.wait_timeout = _WAIT_SECONDS
    elif not values.get("wait", True) and values.get("if_busy") != "wait":
        ways = "--wait or --if-busy wait" if "if_busy" in arguments else "--wait"
        parser.error(f"--wait-timeout requires {ways}")
    return arguments


def shows_progress(arguments: argparse.Namespace) -> bool:
    """Return whether a command displays progress; some have no such option."""
    wanted: bool | None = vars(arguments).get("progress", False)
    return is_terminal(sys.stderr) if wanted is None else wanted


def whole_number(text: str) -> int:
    """Parse a number of days, weeks, months or years; the client checks its range."""
    # int() also accepts 1_0 and digits of other scripts.
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise argparse.ArgumentTypeError(f"not a whole number: {text!r}")
    return int(text)


def add_cluster(parser: Parser) -> None:
    """Add the cluster and its project."""
    parser.add_argument("cluster", metavar="CLUSTER", help="name of the cluster")
    add_project(parser)


def add_snapshot(parser: Parser) -> None:
    """Add a snapshot, its cluster and its project."""
    parser.add_argument("cluster", metavar="CLUSTER", help="name of the cluster")
    parser.add_argument("snapshot", metavar="SNAPSHOT", help="id, 24 hexadecimal digits")
    add_project(parser)


def add_project(parser: Parser, *, or_all: bool = False) -> None:
    """Add the options that select a project, or all of them."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--project-id",
        metavar="ID",
        default=os.environ.get(PROJECT_VARIABLE) or None,
        type=_project_id,
        help=f"24 hexadecimal digits (default: {PROJECT_VARIABLE})",
    )
    group.add_argument("--project", metavar="NAME", help="name of the project, or its id")
    if or_all:
        group.add_argument(
            "--all-projects",
            action="store_true",
            help="all projects of the credentials (default: without a project)",
        )


def add_wait(parser: Parser, *, help_of_wait: str | None = None) -> None:
    """Add the options of a wait, and `--wait` itself where waiting is optional."""
    if help_of_wait is not None:
        parser.add_argument("--wait", action="store_true", help=help_of_wait)
    parser.add_argument(
        "--wait-timeout",
        type=float,
        metavar="S",
        help=f"maximum seconds to wait for snapshots (default: {_WAIT_SECONDS:.0f})",
    )
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show the progress of a wait on stderr (default: where that is a terminal)",
    )


def add_common(parser: Parser) -> None:
    """Add the options for output, logging and the connection."""
    parser.add_argument(
        "--output",
        choices=("table", "json"),
        default="table",
        help="table for people, json for programs: one document on stdout, errors as one line"
        " of JSON on stderr (default: %(default)s)",
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log retries and waits to stderr; -vv: every request",
    )
    # The client has the defaults.
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--base-url",
        metavar="URL",
        help="URL of Atlas (default: MONGODB_ATLAS_BASE_URL or MONGODB_ATLAS_OPS_MANAGER_URL,"
        " else https://cloud.mongodb.com)",
    )
    group.add_argument(
        "--timeout", type=float, metavar="S", help="seconds for one attempt (default: 60)"
    )
    group.add_argument(
        "--total-timeout",
        type=float,
        metavar="S",
        help="seconds for everything except waiting for snapshots (default: 300)",
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
    group.add_argument(
        "--token-cache",
        metavar="FILE",
        help="share a service account's token with other processes through this file (default: a"
        " token of its own, revoked at the end)",
    )


def _project_id(text: str) -> str:
    """Reject what only an environment variable can contain; the client checks the rest.

    Raises:
        argparse.ArgumentTypeError: names the variable.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{PROJECT_VARIABLE} is not valid UTF-8") from None
    if text[0] == text[-1] and text[0] in "\"'":
        raise argparse.ArgumentTypeError(
            f"remove the quotation marks around {text[1:-1]!r} "
            f"({PROJECT_VARIABLE}; docker --env-file does not remove them)"
        )
    return text


def _proxy(text: str) -> str:
    if "@" in text:
        raise argparse.ArgumentTypeError("put a proxy with a password into HTTPS_PROXY")
    return text


def _option_name(word: str) -> str:
    return word.partition("=")[0] if word.startswith("--") else word[:2]
