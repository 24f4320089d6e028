"""Makes the client that a command works with, out of its arguments."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from atlas_backups.cli.options import is_progress_shown

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from atlas_backups import AtlasBackups

_OPTIONS = ("base_url", "timeout", "total_timeout", "proxy", "ca_file", "token_cache")
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


@contextlib.contextmanager
def connected(arguments: argparse.Namespace) -> Generator[AtlasBackups]:
    """Give a client as the connection options say, with logging as often as `-v` was given.

    Show results inside: at the end the client talks to Atlas once more, and may be interrupted.
    """
    from atlas_backups import AtlasBackups  # noqa: PLC0415  # --help does without

    given: dict[str, Any] = {name: getattr(arguments, name) for name in _OPTIONS}
    # None would not mean "the default" to the time-outs.
    options = {name: value for name, value in given.items() if value is not None}
    # Waits and retries are what a wait has to tell.
    verbosity = max(arguments.verbose, int(is_progress_shown(arguments)))
    with _logging(verbosity), AtlasBackups(**options) as atlas:
        yield atlas


@contextlib.contextmanager
def _logging(verbosity: int) -> Generator[None]:
    logger = logging.getLogger("atlas_backups")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[min(verbosity, len(_LEVELS) - 1)])
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
