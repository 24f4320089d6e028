"""The results of `backup_coverage`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from atlas_backups._immutable import FrozenModel, FrozenSequence
from atlas_backups._optional import CoreSchema, GetCoreSchemaHandler, Self, pd, pl
from atlas_backups._repr import short_repr
from atlas_backups.errors import AtlasError
from atlas_backups.frames import Schema, known_labels, to_pandas, to_polars
from atlas_backups.inventory import Cluster, ClusterType
from atlas_backups.models import Snapshot, SnapshotType

WINDOW_DAYS = 30
"""How far back the times of completed snapshots reach."""
LATEST = timedelta(minutes=10)
"""How much later than `taken_at` data may be: clocks differ, and reading takes time."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClusterCoverage(FrozenModel):
    """The backups of one cluster, or why they could not be read.

    Without an `error`, `newest` is `None` only if the cluster has no completed, unexpired snapshot.
    A project whose clusters cannot be listed is one entry without a `cluster`.

    Safe to share between threads; it pickles with its error.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        group_id: id of the project, 24 hexadecimal digits; if an `error` says that it is
            malformed, as Atlas sent it, possibly empty.
        project_name: its name; `None` if Atlas sent none, or the call named the project by id.
        cluster: the cluster; `None` if the `error` concerns the whole project. If Atlas sent no
            name, the name is empty, and an `error` says so.
        newest: the completed snapshot with the newest data, on demand or not, that had not expired
            at `taken_at`; `None`: none.
        running: the snapshots with status `queued` or `inProgress`, newest first; without those of
            an unknown status.
        failed: the newest failed snapshot requested after `newest`; `None`: none.
        on_demand_times: UTC times of the data (`created_at`) of the completed, unexpired on-demand
            snapshots of the last 30 days, newest first.
        scheduled_times: those of all others: scheduled, fallback, unknown types.
        taken_at: UTC time from which ages and the 30 days are counted, by the clock of Atlas, or
            of this machine if that is more than ten minutes ahead.
        error: why the snapshots could not be read; the fields above are then meaningless.
    """

    group_id: str
    project_name: str | None = None
    cluster: Cluster | None = None
    newest: Snapshot | None = None
    running: tuple[Snapshot, ...] = ()
    failed: Snapshot | None = None
    on_demand_times: tuple[datetime, ...] = ()
    scheduled_times: tuple[datetime, ...] = ()
    taken_at: datetime
    error: AtlasError | None = None

    @property
    def cluster_name(self) -> str | None:
        """Name of the cluster; `None` if the `error` concerns the whole project."""
        return None if self.cluster is None else self.cluster.name

    @property
    def backup_enabled(self) -> bool | None:
        """Whether Cloud Backup is on; `None` if Atlas did not send it."""
        return None if self.cluster is None else self.cluster.backup_enabled

    @property
    def paused(self) -> bool | None:
        """Whether the cluster is paused; `None` if Atlas did not send it."""
        return None if self.cluster is None else self.cluster.paused

    @property
    def age_seconds(self) -> float | None:
        """Seconds from the data of `newest` to `taken_at`, at least 0.

        `None` if unknown, also for data more than ten minutes after `taken_at`: a clock is wrong.
        """
        if self.newest is None or self.newest.created_at is None:
            return None
        age = self.taken_at - self.newest.created_at
        return None if age < -LATEST else max(0.0, age.total_seconds())

    def to_dict(self) -> dict[str, Any]:
        """Return a new flat dict of plain JSON types.

        Returns:
            The keys are always the same: `group_id`, `project_name`, `cluster_name`,
            `cluster_type`, `state_name`, `mongo_db_version`, `backup_enabled`, `paused`;
            `newest_id`, `newest_type` (`snapshot_type`), `newest_created_at`,
            `newest_expires_at`, `newest_size_bytes`, `age_seconds`; `running_ids`, `failed_id`;
            `on_demand_times`, `scheduled_times`; `error_type`, the name of its class, and
            `error`, its message; `taken_at`. Unknown values are `None`, times are ISO 8601
            strings in UTC.
        """
        from atlas_backups._plain import plain  # noqa: PLC0415  # not needed to import the package

        row: dict[str, Any] = plain(_row(self))
        return row

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from atlas_backups._pydantic import instance_schema  # noqa: PLC0415  # only pydantic asks

        return instance_schema(cls, cls.to_dict)

    def __repr__(self) -> str:
        known: dict[str, object] = {
            "project": self.project_name or self.group_id,
            "cluster_name": self.cluster_name,
        }
        if self.error is None:
            known["newest"] = self.newest and self.newest.id
            known["age_seconds"] = self.age_seconds
            known["running"] = len(self.running)
        else:
            known["error"] = type(self.error).__name__
        parts = (f"{name}={short_repr(value)}" for name, value in known.items())
        return f"ClusterCoverage({', '.join(parts)}, ...)"


_COLUMNS: Schema = {
    "group_id": "text",
    "project_name": "text",
    "cluster_name": "text",
    "cluster_type": known_labels(ClusterType),
    "state_name": "text",
    "mongo_db_version": "text",
    "backup_enabled": "truth",
    "paused": "truth",
    "newest_id": "text",
    "newest_type": known_labels(SnapshotType),
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


class Coverage(FrozenSequence[ClusterCoverage]):
    """An immutable sequence of the backups of many clusters, the worst first.

    The order: entries that could not be read, clusters without a completed snapshot, those with
    one of unknown age, then the others, oldest data first; ties by the names of project and
    cluster. Slices are of the same class. Safe to share between threads; it pickles with its
    errors.

    Args:
        entries: its entries, in this order.
        taken_at: UTC time from which ages are counted.
    """

    __slots__ = ("_taken_at",)

    _item = ClusterCoverage

    def __init__(self, entries: Iterable[ClusterCoverage] = (), *, taken_at: datetime) -> None:
        super().__init__(entries)
        self._taken_at = taken_at

    @property
    def taken_at(self) -> datetime:
        """UTC time from which ages and the last 30 days are counted.

        By the clock of Atlas, or of this machine if that is more than ten minutes ahead: the age of
        data may be overestimated, never underestimated.
        """
        return self._taken_at

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Coverage) and self._taken_at != other._taken_at:
            return False
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self._taken_at, self._items))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from atlas_backups._pydantic import sequence_schema  # noqa: PLC0415  # only pydantic asks

        return sequence_schema(cls, cls._item, handler, make=None)

    def _like(self, items: Iterable[ClusterCoverage]) -> Self:
        return type(self)(items, taken_at=self._taken_at)

    def __repr__(self) -> str:
        unread = sum(entry.error is not None for entry in self)
        covered = sum(entry.newest is not None for entry in self)
        without = len(self) - covered - unread
        return (
            f"Coverage({covered} with a completed snapshot, {without} without, "
            f"{unread} not read, taken_at={short_repr(self._taken_at)})"
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas data frame of one row an entry, in order.

        Returns:
            The columns are the keys of `to_dicts`, of the same types for any coverage, also an
            empty one: times in UTC to the microsecond, labels as categories (all known ones, and
            after them the unknown ones that were found), texts as `string`, and `boolean`,
            `Int64`, `Float64`; lists in object columns.

        Raises:
            ImportError: pandas is not there: `pip install 'atlas-backups[notebook]'`.
        """
        return to_pandas(_COLUMNS, [_row(entry) for entry in self])

    def to_polars(self) -> pl.DataFrame:
        """Return a polars data frame of one row an entry, in order.

        Returns:
            The columns are the keys of `to_dicts`; lists as `List`.

        Raises:
            ImportError: polars is not there: `pip install 'atlas-backups[notebook]'`.
        """
        return to_polars(_COLUMNS, [_row(entry) for entry in self])


def _row(entry: ClusterCoverage) -> dict[str, Any]:
    cluster, newest, error = entry.cluster, entry.newest, entry.error
    return {
        "group_id": entry.group_id,
        "project_name": entry.project_name,
        "cluster_name": entry.cluster_name,
        "cluster_type": cluster and cluster.cluster_type,
        "state_name": cluster and cluster.state_name,
        "mongo_db_version": cluster and cluster.mongo_db_version,
        "backup_enabled": entry.backup_enabled,
        "paused": entry.paused,
        "newest_id": newest and newest.id,
        "newest_type": newest and newest.snapshot_type,
        "newest_created_at": newest and newest.created_at,
        "newest_expires_at": newest and newest.expires_at,
        "newest_size_bytes": newest and newest.storage_size_bytes,
        "age_seconds": entry.age_seconds,
        "running_ids": [snapshot.id for snapshot in entry.running],
        "failed_id": entry.failed and entry.failed.id,
        "on_demand_times": list(entry.on_demand_times),
        "scheduled_times": list(entry.scheduled_times),
        "error_type": error and type(error).__name__,
        "error": error and str(error),
        "taken_at": entry.taken_at,
    }
