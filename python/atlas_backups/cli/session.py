"""The client of a command, and the project and snapshot that its arguments name."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from atlas_backups.cli.options import shows_progress
from atlas_backups.errors import AtlasError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from atlas_backups import AtlasBackups

_OPTIONS = ("base_url", "timeout", "total_timeout", "proxy", "ca_file", "token_cache")
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_ID = re.compile(r"[0-9a-f]{24}")
_MAX_NAMES = 10


class Address(NamedTuple):
    """Identifies a snapshot."""

    group_id: str
    cluster_name: str
    snapshot_id: str


class ProjectNameError(AtlasError):
    """No project, or more than one, has the name.

    Attributes:
        hint: the names or ids to choose from; the message ends with it.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(f"{message}. Hint: {hint}")
        self.hint: str | None = hint


@contextlib.contextmanager
def connected(arguments: argparse.Namespace) -> Generator[AtlasBackups]:
    """Provide a client, log to stderr, and set `arguments.group_id` if a project is named.

    Print results inside the block: closing the client revokes its token, and may be interrupted.

    Raises:
        ProjectNameError: the name of the project is unknown or ambiguous.
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
    if _ID.fullmatch(name):
        return name
    projects = atlas.list_projects()
    found = [project.id for project in projects if project.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(found)
        raise ProjectNameError(
            f"{len(found)} projects are named {name!r}", hint=f"--project-id {ids}"
        )
    names = sorted(project.name or project.id for project in projects)
    more = ", …" if len(names) > _MAX_NAMES else ""
    visible = ", ".join(names[:_MAX_NAMES]) + more if names else "none at all"
    raise ProjectNameError(
        f"no project is named {name!r}", hint=f"these credentials can see {visible}"
    )


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
