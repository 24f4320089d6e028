"""Describes the command line: its options are asked of the parsers."""

from __future__ import annotations

import argparse
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn
from unittest import mock

from atlas_backups.cli.main import COMMANDS, load, main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.cli.main import Command


class _Caught(BaseException):
    """Goes through `main`, which would report an `Exception`."""


def commands() -> Iterator[str]:
    """Return the options of the program and of each of its commands."""
    yield from _options("atlas-backups", main)
    for command in COMMANDS:
        yield from _options(f"atlas-backups {command}", load(command))


def _options(command: str, run: Command) -> Iterator[str]:
    parser = _parser(run)
    for line in sorted(_option(action) for action in parser._actions):
        yield f"{command} {line}"
    for group in parser._mutually_exclusive_groups:
        names = ", ".join(_names(action) for action in group._group_actions)
        yield f"{command} one of: {names}{' required' if group.required else ''}"


def _parser(run: Command) -> argparse.ArgumentParser:
    parsers: list[argparse.ArgumentParser] = []

    def catch(self: argparse.ArgumentParser, *_: object) -> NoReturn:
        parsers.append(self)
        raise _Caught

    patch = mock.patch.object(argparse.ArgumentParser, "parse_known_args", catch)
    # Defaults come from the environment too, and nobody's own may be written down.
    with mock.patch.dict(os.environ, clear=True), patch, suppress(_Caught):
        run([])
    (parser,) = parsers
    return parser


def _names(action: argparse.Action) -> str:
    return ", ".join(action.option_strings) or f"<{action.metavar or action.dest}>"


def _option(action: argparse.Action) -> str:
    # `_StoreTrueAction` is "store true"; what only stores is not worth a word.
    kind = re.sub(r"(?<!^)(?=[A-Z])", " ", type(action).__name__.strip("_")).lower()
    kind = kind.removesuffix(" action")
    told_default = re.search(r"\(default: ([^%]+?)\)", action.help or "")
    return "".join(
        [
            _names(action),
            "" if kind == "store" else f" ({kind})",
            "" if action.nargs == 0 else f" {action.nargs or 1}",
            f" {getattr(action.type, '__name__', action.type)}" if action.type else "",
            "" if action.choices is None else f" of {sorted(map(str, action.choices))}",
            "" if action.default in (None, argparse.SUPPRESS) else f" = {action.default!r}",
            # Some defaults are settled later; what the help says of them holds the same value.
            f" = {told_default[1]}" if told_default else "",
            " required" if action.required else "",
        ]
    )
