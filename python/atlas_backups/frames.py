"""Results as data frames: one table of columns for pandas and polars, loaded when asked for."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from atlas_backups.inventory import ClusterType
from atlas_backups.models import (
    CloudProvider,
    ConfigServerType,
    FrequencyType,
    SnapshotClusterType,
    SnapshotStatus,
    SnapshotType,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd
    import polars as pl

    from atlas_backups.models import Snapshot

    Rows: TypeAlias = Sequence[Mapping[str, Any]]

Kind: TypeAlias = (
    Literal["text", "truth", "count", "seconds", "time", "texts", "times", "members"]
    | tuple[str, ...]
)
"""What is in a column; a tuple: labels, the known ones first."""

_MEMBER = ("id", "cloud_provider", "replica_set_name")
_LARGEST = 2**63 - 1


def _labels(alias: object) -> tuple[str, ...]:
    """Return the known labels of a `Literal[…] | str`."""
    literal, _ = get_args(alias)
    return get_args(literal)


_SNAPSHOTS: dict[str, Kind] = {
    "id": "text",
    "type": _labels(SnapshotClusterType),
    "status": _labels(SnapshotStatus),
    "snapshot_type": _labels(SnapshotType),
    "frequency_type": _labels(FrequencyType),
    "description": "text",
    "requested_at": "time",
    "created_at": "time",
    "expires_at": "time",
    "storage_size_bytes": "count",
    "mongod_version": "text",
    "master_key_uuid": "text",
    "policy_items": "texts",
    "group_id": "text",
    "cluster_name": "text",
    "cloud_provider": _labels(CloudProvider),
    "copy_regions": "texts",
    "replica_set_name": "text",
    "config_server_type": _labels(ConfigServerType),
    "members": "members",
    "snapshot_ids": "texts",
    "extra": "text",
}
_COVERAGE: dict[str, Kind] = {
    "group_id": "text",
    "project_name": "text",
    "cluster_name": "text",
    "cluster_type": _labels(ClusterType),
    "state_name": "text",
    "mongo_db_version": "text",
    "backup_enabled": "truth",
    "paused": "truth",
    "newest_id": "text",
    "newest_type": _labels(SnapshotType),
    "newest_created_at": "time",
    "newest_expires_at": "time",
    "newest_size_bytes": "count",
    "age_seconds": "seconds",
    "running_ids": "texts",
    "failed_id": "text",
    "on_demand_times": "times",
    "scheduled_times": "times",
    "error_type": "text",
    "error": "text",
    "taken_at": "time",
}


def snapshots_to_pandas(snapshots: Iterable[Snapshot]) -> pd.DataFrame:
    """Return one row a snapshot."""
    return _to_pandas(_SNAPSHOTS, list(map(_row, snapshots)))


def snapshots_to_polars(snapshots: Iterable[Snapshot]) -> pl.DataFrame:
    """Return one row a snapshot."""
    return _to_polars(_SNAPSHOTS, list(map(_row, snapshots)))


def coverage_to_pandas(rows: Rows) -> pd.DataFrame:
    """Return the rows of `Coverage.to_dicts` with their types."""
    return _to_pandas(_COVERAGE, rows)


def coverage_to_polars(rows: Rows) -> pl.DataFrame:
    """Return the rows of `Coverage.to_dicts` with their types."""
    return _to_polars(_COVERAGE, rows)


def _row(snapshot: Snapshot) -> dict[str, Any]:
    # What this kind of snapshot does not have is missing; what it has none of is an empty list.
    row = {name: getattr(snapshot, name, None) for name in _SNAPSHOTS}
    if row["members"] is not None:
        row["members"] = [{key: getattr(m, key) for key in _MEMBER} for m in row["members"]]
    # As text, for it has no shape of its own.
    row["extra"] = json.dumps(snapshot.extra, ensure_ascii=False) if snapshot.extra else None
    return row


def _to_pandas(columns: Mapping[str, Kind], rows: Rows) -> pd.DataFrame:
    pandas = _library("pandas")
    dtypes: dict[Kind, Callable[[list[Any]], Any]] = {
        "text": lambda values: pandas.array(values, dtype="string"),
        "truth": lambda values: pandas.array(values, dtype="boolean"),
        "count": lambda values: pandas.array(values, dtype="Int64"),
        "seconds": lambda values: pandas.array(values, dtype="Float64"),
        "time": lambda values: pandas.array(values, dtype="datetime64[us, UTC]"),
    }

    def column(kind: Kind, values: list[Any]) -> Any:  # noqa: ANN401  # pandas has many
        if isinstance(kind, tuple):
            return pandas.Categorical(values, categories=_all_labels(kind, values))
        make = dtypes.get(kind)
        return make(values) if make else pandas.Series(values, dtype=object)

    frame: pd.DataFrame = pandas.DataFrame(
        {name: column(kind, _values(name, kind, rows)) for name, kind in columns.items()}
    )
    return frame


def _to_polars(columns: Mapping[str, Kind], rows: Rows) -> pl.DataFrame:
    polars = _library("polars")
    time = polars.Datetime("us", "UTC")
    dtypes: dict[Kind, Any] = {
        "text": polars.String,
        "truth": polars.Boolean,
        "count": polars.Int64,
        "seconds": polars.Float64,
        "time": time,
        "texts": polars.List(polars.String),
        "times": polars.List(time),
        "members": polars.List(polars.Struct(dict.fromkeys(_MEMBER, polars.String))),
    }
    schema = {
        name: polars.Categorical if isinstance(kind, tuple) else dtypes[kind]
        for name, kind in columns.items()
    }
    values = {name: _values(name, kind, rows) for name, kind in columns.items()}
    frame: pl.DataFrame = polars.DataFrame(values, schema=schema)
    return frame


def _values(name: str, kind: Kind, rows: Rows) -> list[Any]:
    values = [row[name] for row in rows]
    if kind == "count":
        # No column of whole numbers holds more than 64 bits, and no snapshot has so many bytes.
        return [None if value is None or abs(value) > _LARGEST else value for value in values]
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
