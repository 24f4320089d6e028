"""Which project and which snapshot a command is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from atlas_backups.errors import AtlasError

if TYPE_CHECKING:
    import argparse

    from atlas_backups import AtlasBackups

_ID = re.compile(r"[0-9a-f]{24}")
_MOST_NAMED = 10


class Address(NamedTuple):
    """Where a snapshot is."""

    group_id: str
    cluster_name: str
    snapshot_id: str


class ProjectNameError(AtlasError):
    """No project has the name that was given, or several have it.

    Attributes:
        hint: what there is instead, in the words of its owners; the message ends with it.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(f"{message}. Hint: {hint}")
        self.hint = hint


def snapshot_address(atlas: AtlasBackups, arguments: argparse.Namespace) -> Address:
    """Return which snapshot was named, its project as `project_id` finds it."""
    return Address(project_id(atlas, arguments), arguments.cluster, arguments.snapshot)


def project_id(atlas: AtlasBackups, arguments: argparse.Namespace) -> str:
    """Return the id that was given, or that of the project with the name that was given.

    Raises:
        ProjectNameError: there is not exactly one.
    """
    name: str | None = arguments.project
    if name is None:
        return str(arguments.project_id)
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
    more = ", …" if len(names) > _MOST_NAMED else ""
    seen = ", ".join(names[:_MOST_NAMED]) + more if names else "none at all"
    raise ProjectNameError(
        f"no project is named {name!r}", hint=f"these credentials can see {seen}"
    )
