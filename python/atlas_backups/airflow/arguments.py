"""Arguments of operators and sensors, after their templates were rendered.

A template without a value renders to an empty string, to "None", or to `None`. For a required
argument this is rejected here, in terms of the DAG.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from atlas_backups import Snapshot
from atlas_backups.errors import InvalidArgumentError

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.airflow.compat import BaseOperator as _Base
    from atlas_backups.airflow.compat import Context
else:
    _Base = object

_MAX_NAMES = 10
# The types of Python literals besides str and int.
_NOT_TEXT = (bool, float, complex, bytes, tuple, list, dict, set)
_MAX_SECONDS = 1e9  # 31 years; later dates overflow
# A string that ends with it is no Python literal, so native rendering keeps it.
_NO_LITERAL = "\N{WORD JOINER}"


class Address(NamedTuple):
    """The parts that identify a snapshot."""

    group_id: str
    cluster_name: str
    snapshot_id: str


def exactly_one(**arguments: object) -> str:
    """Return the name of the argument that is given, while the DAG is parsed.

    Raises:
        InvalidArgumentError: none or several are given.
    """
    given = [name for name, value in arguments.items() if value is not None]
    if len(given) != 1:
        found = f"not {' and '.join(given)} together" if given else "none is given"
        raise InvalidArgumentError(f"give one of {', '.join(arguments)}: {found}")
    return given[0]


def require_with(argument: str, **parts: object) -> None:
    """Require these arguments beside `argument`, while the DAG is parsed.

    Raises:
        InvalidArgumentError: one is missing.
    """
    missing = [name for name, value in parts.items() if value is None]
    if missing:
        raise InvalidArgumentError(f"{' and '.join(missing)} must be given beside {argument}")


def forbid_with(argument: str, **parts: object) -> None:
    """Reject these arguments beside `argument`, while the DAG is parsed.

    Raises:
        InvalidArgumentError: one is given.
    """
    given = [name for name, value in parts.items() if value is not None]
    if given:
        raise InvalidArgumentError(f"{' and '.join(given)} must not be given beside {argument}")


def text(name: str, value: object, *, written: str | None = None) -> str:
    """Return a rendered text argument.

    With `render_template_as_native_obj=True` Airflow converts the text "1.10" to the number 1.1.
    Only an int keeps the text of its digits, so every other number is rejected.

    Args:
        name: name of the argument.
        value: the rendered value.
        written: the text behind an int, if it differs from the int's digits.

    Raises:
        InvalidArgumentError: the value is empty, or no text.
    """
    rendered = _rendered(name, value)
    kind = type(value)
    if written is None and not issubclass(kind, _NOT_TEXT):
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
            f"{name} is empty: its template rendered to {value!r}. Check the task's rendered "
            f"templates, and that the XCom, variable or parameter in it exists"
        )
    return rendered


def _number(rendered: str) -> float:
    try:
        return float(rendered)
    except ValueError:
        return math.nan


def whole_number(name: str, value: object) -> int:
    """Return an integer argument, rendered or not.

    Raises:
        InvalidArgumentError: it is no integer.
    """
    rendered = _rendered(name, value)
    found = _number(rendered)  # an XCom is JSON, so it may contain 7.0
    if not found.is_integer():
        raise InvalidArgumentError(f"{name} must be a whole number, not {rendered!r}")
    return int(found)


def seconds(name: str, value: object) -> float:
    """Return seconds from a number, rendered or not, or from a `timedelta`.

    Raises:
        InvalidArgumentError: it is something else, or not above 0 and at most a billion.
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    rendered = _rendered(name, value)
    found = _number(rendered)
    if not 0 < found <= _MAX_SECONDS:
        raise InvalidArgumentError(
            f"{name} must be seconds, above 0 and at most {_MAX_SECONDS:g}, not {rendered!r}"
        )
    return found


def project_id(atlas: AtlasBackups, argument: str, value: str) -> str:
    """Return the id of the project in the argument `"group_id"` or `"project_name"`.

    Raises:
        InvalidArgumentError: no project has the name, or several have.
    """
    if argument == "group_id":
        return value
    projects = atlas.list_projects()
    found = [project.id for project in projects if project.name == value]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidArgumentError(
            f"{len(found)} projects are called {value!r}: give group_id, one of {', '.join(found)}"
        )
    names = sorted(repr(project.name) for project in projects if project.name)
    more = len(names) - _MAX_NAMES
    shown = ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
    raise InvalidArgumentError(
        f"no project is called {value!r}; the connection sees {shown or 'no project at all'}"
    )


def address(atlas: AtlasBackups, argument: str, task: TextTemplates) -> Address:
    """Return the address of a task's snapshot, given as `"snapshot"` or by its parts.

    Raises:
        InvalidArgumentError: a part is missing or wrong.
    """
    if argument == "snapshot":
        return address_in(getattr(task, argument))
    value, cluster_name, snapshot_id = map(task.text, (argument, "cluster_name", "snapshot_id"))
    return Address(project_id(atlas, argument, value), cluster_name, snapshot_id)


def address_in(snapshot: object) -> Address:
    """Return the address of a snapshot that a task has returned.

    Raises:
        InvalidArgumentError: it is something else, or a part is missing.
    """
    if isinstance(snapshot, Snapshot):
        return Address(snapshot.group_id, snapshot.cluster_name, snapshot.id)
    if not isinstance(snapshot, Mapping):
        _rendered("snapshot", snapshot)
        raise InvalidArgumentError(
            "snapshot must be the dict that AtlasTakeSnapshotOperator returns, a Snapshot or its "
            f"to_dict(), not {snapshot!r}; for an id use snapshot_id"
        )
    fields = cast("Mapping[str, object]", snapshot)
    if "snapshot_id" not in fields and "id" in fields:  # from `Snapshot.to_dict`
        fields = {**fields, "snapshot_id": fields["id"]}
    missing = [name for name in Address._fields if fields.get(name) in (None, "")]
    if missing:
        present = ", ".join(map(str, fields)) or "nothing"
        raise InvalidArgumentError(
            f"snapshot has no {', '.join(missing)}, only {present}: "
            "was it returned by an AtlasTakeSnapshotOperator of this version?"
        )
    return Address(*(text(f"{name} in snapshot", fields[name]) for name in Address._fields))


class TextTemplates(_Base):
    """Mixin of operators and sensors: keeps the text behind each rendered int.

    Native rendering parses the rendered text as a Python literal: "1_000", "0x10" and "(7)" become
    ints with another decimal text.
    """

    _written: Mapping[int, str] = {}  # replaced, never mutated: copies of a task share it

    def render_template(
        self,
        content: Any,  # noqa: ANN401  # Airflow's own
        context: Context,
        *args: Any,  # noqa: ANN401  # the Jinja environment and the visited ids
        **kwargs: Any,  # noqa: ANN401  # the same
    ) -> Any:  # noqa: ANN401  # Airflow's own
        """Render as Airflow does; render again as text if the result is an int."""
        rendered = super().render_template(content, context, *args, **kwargs)
        if isinstance(content, str) and type(rendered) is int:
            whole = super().render_template(content + _NO_LITERAL, context, *args, **kwargs)
            written = str(whole).removesuffix(_NO_LITERAL).strip()
            if written != str(rendered):
                self._written = {**self._written, rendered: written}
        return rendered

    def text(self, name: str) -> str:
        """Return a text argument as its template wrote it.

        Raises:
            InvalidArgumentError: its template rendered to an empty or other value.
        """
        value = getattr(self, name)
        written = self._written.get(value) if type(value) is int else None
        return text(name, value, written=written)
