"""The options that several commands share."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from atlas_backups.cli.parser import PROGRAM, Parser
from atlas_backups.cli.terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT_VARIABLE = "MONGODB_ATLAS_PROJECT_ID"
_WAIT_SECONDS = 3600.0

_CREDENTIALS = """\
credentials come from the environment only, because other users can read command lines:
  MONGODB_ATLAS_ACCESS_TOKEN
  MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET        (a service account)
  MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY"""


def parser_of(command: str, description: str) -> Parser:
    """Return the parser of a command that talks to Atlas, with nothing in it yet."""
    return Parser(prog=f"{PROGRAM} {command}", description=description, epilog=_CREDENTIALS)


def parse(parser: Parser, argv: Sequence[str]) -> argparse.Namespace:
    """Parse all of `argv` for a command that needs a project."""
    arguments = parser.parse(argv)
    if arguments.project is None and arguments.project_id is None:
        parser.error(f"which project? give --project, --project-id or set {PROJECT_VARIABLE}")
    _settle_wait(parser, vars(arguments))
    return arguments


def _settle_wait(parser: Parser, arguments: dict[str, Any]) -> None:
    """Refuse a time for a wait that does not take place, and give the others theirs."""
    if arguments.get("wait_timeout", 0.0) is None:
        arguments["wait_timeout"] = _WAIT_SECONDS
    elif not arguments.get("wait", True) and arguments.get("if_busy") != "wait":
        ways = "--wait or --if-busy wait" if "if_busy" in arguments else "--wait"
        parser.error(f"--wait-timeout is for a wait: give {ways} too, or leave it out")


def is_progress_shown(arguments: argparse.Namespace) -> bool:
    """Return whether to tell on stderr how a wait goes on; a command may have nothing to tell."""
    asked: bool | None = vars(arguments).get("progress", False)
    return is_terminal(sys.stderr) if asked is None else asked


def whole_number(text: str) -> int:
    """Parse a number of days and the like; its range is the client's to check."""
    # int() alone also takes 1_0 and digits of other scripts.
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise argparse.ArgumentTypeError(f"not a whole number: {text!r}")
    return int(text)


def _project_id(text: str) -> str:
    """Check what only an environment variable can hold; the client checks the rest.

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
    """Add the options that name the project, or else say that it is all of them."""
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
            help="all that the credentials can see (default: where none is named)",
        )


def add_wait(parser: Parser, *, on_demand: str | None = None) -> None:
    """Add how to wait.

    Args:
        parser: where to.
        on_demand: what `--wait` is for; `None`: the command always waits.
    """
    if on_demand is not None:
        parser.add_argument("--wait", action="store_true", help=on_demand)
    parser.add_argument(
        "--wait-timeout",
        type=float,
        metavar="S",
        help=f"seconds to wait for snapshots at most (default: {_WAIT_SECONDS:.0f})",
    )
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="tell on stderr how a wait goes on (default: where that is a terminal)",
    )


def add_common(parser: Parser) -> None:
    """Add how to show the result, and how to connect."""
    parser.add_argument(
        "--output",
        choices=("table", "json"),
        default="table",
        help="table for a person, json for a program: one document on stdout, errors as one line"
        " of JSON on stderr (default: %(default)s)",
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log to stderr what happens; -vv: every request",
    )
    _add_connection(parser)


def _add_connection(parser: Parser) -> None:
    # What is not given is left to the client's defaults.
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
        help="seconds for everything but waiting for snapshots (default: 300)",
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
        " token of its own, ended with the command)",
    )


def _proxy(text: str) -> str:
    if "@" in text:
        raise argparse.ArgumentTypeError("put a proxy with a password into HTTPS_PROXY")
    return text
