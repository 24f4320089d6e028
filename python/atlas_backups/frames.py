"""Data frames of pandas and polars from rows and a schema of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Literal, TypeAlias, get_args

from atlas_backups._optional import pd, pl

ColumnType: TypeAlias = (
    Literal["text", "truth", "count", "seconds", "time", "texts", "times", "members"]
    | tuple[str, ...]
)
"""The type of a column; a tuple: a category, with its known labels."""
Schema: TypeAlias = Mapping[str, ColumnType]
Rows: TypeAlias = Sequence[Mapping[str, Any]]

MEMBER_FIELDS = ("id", "cloud_provider", "replica_set_name")
_MAX_INT64 = 2**63 - 1


def known_labels(alias: object) -> tuple[str, ...]:
    """Return the known labels of a `Literal[…] | str`."""
    literal, _ = get_args(alias)
    return get_args(literal)


def to_pandas(columns: Schema, rows: Rows) -> pd.DataFrame:
    """Return a pandas data frame."""
    pandas = _library("pandas")
    dtypes: dict[ColumnType, Callable[[list[Any]], Any]] = {
        "text": lambda values: pandas.array(values, dtype="string"),
        "truth": lambda values: pandas.array(values, dtype="boolean"),
        "count": lambda values: pandas.array(values, dtype="Int64"),
        "seconds": lambda values: pandas.array(values, dtype="Float64"),
        "time": lambda values: pandas.array(values, dtype="datetime64[us, UTC]"),
    }

    def column(kind: ColumnType, values: list[Any]) -> Any:  # noqa: ANN401  # pandas has many
        if isinstance(kind, tuple):
            return pandas.Categorical(values, categories=_all_labels(kind, values))
        make = dtypes.get(kind)
        return make(values) if make else pandas.Series(values, dtype=object)

    frame: pd.DataFrame = pandas.DataFrame(
        {name: column(kind, _values(name, kind, rows)) for name, kind in columns.items()}
    )
    return frame


def to_polars(columns: Schema, rows: Rows) -> pl.DataFrame:
    """Return a polars data frame."""
    polars = _library("polars")
    time = polars.Datetime("us", "UTC")
    dtypes: dict[ColumnType, Any] = {
        "text": polars.String,
        "truth": polars.Boolean,
        "count": polars.Int64,
        "seconds": polars.Float64,
        "time": time,
        "texts": polars.List(polars.String),
        "times": polars.List(time),
        "members": polars.List(polars.Struct(dict.fromkeys(MEMBER_FIELDS, polars.String))),
    }
    schema = {
        name: polars.Categorical if isinstance(kind, tuple) else dtypes[kind]
        for name, kind in columns.items()
    }
    values = {name: _values(name, kind, rows) for name, kind in columns.items()}
    frame: pl.DataFrame = polars.DataFrame(values, schema=schema)
    return frame


def _values(name: str, kind: ColumnType, rows: Rows) -> list[Any]:
    values = [row[name] for row in rows]
    if kind == "count":
        # An integer column holds 64 bits; no snapshot has so many bytes.
        return [None if value is None or abs(value) > _MAX_INT64 else value for value in values]
    if kind in {"texts", "times"}:
        return [None if value is None else list(value) for value in values]
    return values


def _all_labels(known: tuple[str, ...], values: Iterable[str | None]) -> list[str]:
    """Return the known labels, so that equal columns have equal types, and then the others."""
    others = {value for value in values if value is not None}.difference(known)
    return [*known, *sorted(others)]


def _library(name: str) -> Any:  # noqa: ANN401  # it may not be there to name its types
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"to_{name}() needs {name}: pip install 'atlas-backups[notebook]'", name=name
        ) from error
