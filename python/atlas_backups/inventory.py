"""Projects and clusters."""

# ruff: noqa: PYI051  # `| str` opens the labels, as in `models`
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from atlas_backups._immutable import FrozenDict, FrozenModel
from atlas_backups.models import UnknownFields

ClusterType: TypeAlias = Literal["REPLICASET", "SHARDED", "GEOSHARDED"] | str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Project(FrozenModel):
    """A project ("group") that the credentials can see.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        id: 24 hexadecimal digits; the `group_id` of all methods.
        name: its name; `None` if Atlas sent none.
        org_id: id of its organization; `None` if Atlas sent none.
        cluster_count: how many clusters it has; `None` if Atlas sent none.
        created: UTC time of its creation; `None` if Atlas sent none.
        extra: unknown fields, under the names of Atlas; not in the hash.
    """

    id: str
    name: str | None = None
    org_id: str | None = None
    cluster_count: int | None = None
    created: datetime | None = None
    extra: UnknownFields = field(default_factory=FrozenDict[Any], hash=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cluster(FrozenModel):
    """A cluster of a project.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        id: 24 hexadecimal digits; `None` if Atlas sent none.
        name: its name, unique in its project; the `cluster_name` of all methods.
        group_id: id of the project.
        cluster_type: `"REPLICASET"`, `"SHARDED"`, `"GEOSHARDED"`, or an unknown label.
        state_name: as `"IDLE"`, `"UPDATING"`; `None` if Atlas sent none.
        backup_enabled: whether Cloud Backup is on; `None` if Atlas sent none.
        paused: whether it is paused; `None` if Atlas sent none.
        mongo_db_version: as `"8.0.29"`; `None` if Atlas sent none.
        extra: unknown fields, under the names of Atlas; not in the hash.
    """

    id: str | None = None
    name: str
    group_id: str
    cluster_type: ClusterType | None = None
    state_name: str | None = None
    backup_enabled: bool | None = None
    paused: bool | None = None
    mongo_db_version: str | None = None
    extra: UnknownFields = field(default_factory=FrozenDict[Any], hash=False)
