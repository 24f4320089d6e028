"""Arguments of operators, after their templates were rendered.

A template that finds nothing renders to an empty text, to "None", or to `None`. Where something
is needed, that is refused here, in words for the author of the DAG.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

from atlas_backups import Snapshot
from atlas_backups.errors import InvalidArgumentError

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.airflow.templates import TextTemplates

_NAMED_PROJECTS = 10
# What Python literals are besides text and int.
_NO_TEXT = (bool, float, complex, bytes, tuple, list, dict, set)
_MOST_SECONDS = 1e9  # 31 years; dates have an end


class Address(NamedTuple):
    """Where a snapshot is."""

    group_id: str
    cluster_name: str
    snapshot_id: str


def only_one(**given: object) -> str:
    """Return the name of the argument that is given, while the DAG is parsed.

    Raises:
        InvalidArgumentError: none or several are.
    """
    there = [name for name, value in given.items() if value is not None]
    if len(there) != 1:
        found = f"not {' and '.join(there)} together" if there else "none is there"
        raise InvalidArgumentError(f"give one of {', '.join(given)}: {found}")
    return there[0]


def all_of(given: str, **parts: object) -> None:
    """Refuse, while the DAG is parsed, that one of these is missing beside `given`.

    Raises:
        InvalidArgumentError: it is.
    """
    missing = [name for name, value in parts.items() if value is None]
    if missing:
        raise InvalidArgumentError(f"{' and '.join(missing)} must be given beside {given}")


def none_of(given: str, **parts: object) -> None:
    """Refuse, while the DAG is parsed, that one of these is there beside `given`.

    Raises:
        InvalidArgumentError: it is.
    """
    there = [name for name, value in parts.items() if value is not None]
    if there:
        raise InvalidArgumentError(f"{' and '.join(there)} must not be given beside {given}")


def text(name: str, value: object, *, written: str | None = None) -> str:
    """Return the text that a template rendered to.

    With `render_template_as_native_obj=True` Airflow reads the text "1.10" as the number 1.1. The
    text is lost then, so a number is no text; only an int has the text of its digits.

    Args:
        name: name of the argument.
        value: what the template rendered to.
        written: the text behind an int, where it is known to differ from the int's digits.

    Raises:
        InvalidArgumentError: that is nothing, or no text.
    """
    rendered = _rendered(name, value)
    kind = type(value)
    if written is None and not issubclass(kind, _NO_TEXT):
        return rendered
    found = f"{kind.__name__} {value!r}"
    if written is not None:
        found += f": its template rendered to {written!r}"
    raise InvalidArgumentError(
        f"{name} must be text, not the {found}. With render_template_as_native_obj=True Airflow "
        "reads rendered text as a Python literal, and 1.10 becomes 1.1: put quotes around the "
        "template, as \"'{{ params.release }}'\", or a word before it"
    )


def _rendered(name: str, value: object) -> str:
    rendered = "" if value is None else str(value).strip()
    if rendered in ("", "None"):
        raise InvalidArgumentError(
            f"{name} is empty: its template rendered to {value!r}. Look at the task's rendered "
            f"templates, and whether the XCom, the variable or the parameter in it is there"
        )
    return rendered


def whole_number(name: str, value: object) -> int:
    """Return a whole number, also one that a template rendered.

    Raises:
        InvalidArgumentError: it is something else.
    """
    rendered = _rendered(name, value)
    try:
        found = float(rendered)  # JSON knows no other numbers: an XCom may hold 7.0
    except ValueError:
        found = math.nan
    if not found.is_integer():
        raise InvalidArgumentError(f"{name} must be a whole number, not {rendered!r}")
    return int(found)


def seconds(name: str, value: object) -> float:
    """Return seconds: a number, also one that a template rendered, or a `timedelta`.

    Raises:
        InvalidArgumentError: it is something else, or not above 0 and at most a billion.
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    rendered = _rendered(name, value)
    try:
        found = float(rendered)
    except ValueError:
        found = math.nan
    if not 0 < found <= _MOST_SECONDS:
        raise InvalidArgumentError(
            f"{name} must be seconds, above 0 and at most {_MOST_SECONDS:g}, not {rendered!r}"
        )
    return found


def seconds_or_none(name: str, value: object) -> float | None:
    """Return the same, and `None` for what was not given."""
    return None if value is None else seconds(name, value)


def project(atlas: AtlasBackups, given: str, wanted: str) -> str:
    """Return the id of a project that is given as `"group_id"` or as `"project_name"`.

    Raises:
        InvalidArgumentError: there is no project of that name, or there are several.
    """
    if given == "group_id":
        return wanted
    seen = atlas.list_projects()
    found = [project.id for project in seen if project.name == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidArgumentError(
            f"{len(found)} projects are called {wanted!r}: give group_id, one of {', '.join(found)}"
        )
    names = sorted(repr(project.name) for project in seen if project.name)
    more = len(names) - _NAMED_PROJECTS
    shown = ", ".join(names[:_NAMED_PROJECTS]) + (f" and {more} more" if more > 0 else "")
    raise InvalidArgumentError(
        f"no project is called {wanted!r}; the connection sees {shown or 'no project at all'}"
    )


def address(atlas: AtlasBackups, given: str, task: TextTemplates) -> Address:
    """Return where a task's snapshot is, which is given as `"snapshot"` or by its parts.

    Raises:
        InvalidArgumentError: a part is missing or wrong.
    """
    if given == "snapshot":
        return address_in(getattr(task, given))
    wanted, cluster_name, snapshot_id = map(task.text, (given, "cluster_name", "snapshot_id"))
    return Address(project(atlas, given, wanted), cluster_name, snapshot_id)


def address_in(snapshot: object) -> Address:
    """Return where the snapshot is that a task has returned.

    Raises:
        InvalidArgumentError: it is something else, or a part is missing.
    """
    if isinstance(snapshot, Snapshot):
        return Address(snapshot.group_id, snapshot.cluster_name, snapshot.id)
    if not isinstance(snapshot, Mapping):
        _rendered("snapshot", snapshot)
        raise InvalidArgumentError(
            "snapshot must be the dict that AtlasTakeSnapshotOperator returns, a Snapshot or its "
            "to_dict(), not "
            f"{snapshot!r}; for an id there is snapshot_id"
        )
    known = cast("Mapping[str, object]", snapshot)
    if "snapshot_id" not in known and "id" in known:  # as `Snapshot.to_dict` calls it
        known = {**known, "snapshot_id": known["id"]}
    missing = [name for name in Address._fields if known.get(name) in (None, "")]
    if missing:
        there = ", ".join(map(str, known)) or "nothing"
        raise InvalidArgumentError(
            f"snapshot has no {', '.join(missing)}, only {there}: "
            "was it returned by an AtlasTakeSnapshotOperator of this version?"
        )
    return Address(*(text(f"{name} in snapshot", known[name]) for name in Address._fields))
