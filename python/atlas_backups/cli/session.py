"""The client of a command, and the project and snapshot that its arguments name."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from atlas_backups.cli.options import shows_progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from atlas_backups import AtlasBackups

_OPTIONS = ("base_url", "timeout", "total_timeout", "proxy", "ca_file", "token_cache")
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_ID = re.compile(r"[0-9a-f]{24}")


class Address(NamedTuple):
    """Identifies a snapshot."""

    group_id: str
    cluster_name: str
    snapshot_id: str


@contextlib.contextmanager
def connected(arguments: argparse.Namespace) -> Generator[AtlasBackups]:
    """Provide a client, log to stderr, and set `arguments.group_id` if a project is named.

    Print results inside the block: closing the client revokes its token, and may be interrupted.

    Raises:
        ProjectNotFoundError: no project has the name.
        InvalidArgumentError: several projects have the name.
    """
    from atlas_backups import AtlasBackups  # noqa: PLC0415  # --help works without

    given: dict[str, Any] = {name: getattr(arguments, name) for name in _OPTIONS}
    options = {name: value for name, value in given.items() if value is not None}
    # Progress includes the log records of waits and retries.
    verbosity = max(arguments.verbose, int(shows_progress(arguments)))
    with _logging(verbosity), AtlasBackups(**options) as atlas:
        arguments.group_id = _group_id(atlas, vars(arguments))
        yield atlas


def address_of(arguments: argparse.Namespace) -> Address:
    """Return the snapshot that the arguments name; `connected` has resolved its project."""
    return Address(arguments.group_id, arguments.cluster, arguments.snapshot)


def _group_id(atlas: AtlasBackups, arguments: dict[str, Any]) -> str | None:
    if arguments.get("all_projects"):
        return None
    name: str | None = arguments.get("project")
    if name is None:
        return arguments.get("project_id")
    return name if _ID.fullmatch(name) else atlas.get_project(name).id


@contextlib.contextmanager
def _logging(verbosity: int) -> Generator[None]:
    logger = logging.getLogger("atlas_backups")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[min(verbosity, len(_LEVELS) - 1)])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the log has the same text
            yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
