"""Snapshots, their parts, raw responses and field violations.

They are frozen, slotted, keyword-only dataclasses: threads, event loops and forked processes may
share them.
"""

# ruff: noqa: PYI051  # `| str` opens the labels, the Literal names the known ones for completion
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias

from atlas_backups._immutable import FrozenDict, FrozenModel, FrozenSequence, Headers
from atlas_backups._optional import CoreSchema, GetCoreSchemaHandler, GetJsonSchemaHandler, pd, pl
from atlas_backups._repr import short_repr
from atlas_backups.frames import MEMBER_FIELDS, Schema, known_labels, to_pandas, to_polars

__all__ = [
    "CloudProvider",
    "ConfigServerType",
    "FieldViolation",
    "FlexSnapshot",
    "FrequencyType",
    "Headers",
    "IfBusy",
    "Link",
    "RawResponse",
    "ReplicaSetSnapshot",
    "ShardedClusterSnapshot",
    "Snapshot",
    "SnapshotClusterType",
    "SnapshotList",
    "SnapshotMember",
    "SnapshotStatus",
    "SnapshotType",
]

# Labels are open (`| str`): Atlas sends some that its documentation does not list ("ondemand" as
# frequencyType), and a new one must not break a backup.
SnapshotStatus: TypeAlias = Literal["queued", "inProgress", "completed", "failed"] | str
SnapshotClusterType: TypeAlias = Literal["replicaSet", "shardedCluster", "flex"] | str
SnapshotType: TypeAlias = Literal["onDemand", "scheduled", "fallback"] | str
FrequencyType: TypeAlias = (
    Literal["ondemand", "hourly", "daily", "weekly", "monthly", "yearly"] | str
)
CloudProvider: TypeAlias = Literal["AWS", "AZURE", "GCP"] | str
ConfigServerType: TypeAlias = Literal["EMBEDDED", "DEDICATED"] | str
IfBusy: TypeAlias = Literal["raise", "wait", "join"]
UnknownFields: TypeAlias = Mapping[str, Any]

# Anywhere in the text, also with the colon escaped for HTML, URLs or JSON.
_TAG = re.compile(r"ab1(?::|&#58;|&#x3[aA];|&colon;|%3[aA]|\\u003[aA])([A-Z2-7]{26})(?![A-Z2-7])")
_SHOWN_SNAPSHOTS = 3
_SHOWN_IF_KNOWN = ("type", "description", "created_at", "expires_at", "storage_size_bytes")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Link(FrozenModel):
    """A link to a related resource, as in RFC 5988.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        href: URL of the other resource; `None` if Atlas sent none.
        rel: the relation, `"self"` or a URL; `None` if Atlas sent none.
    """

    href: str | None = None
    rel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SnapshotMember(FrozenModel):
    """The part of a sharded snapshot for one shard or config server.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        id: id of the part, 24 hexadecimal digits; `None` until Atlas sends it.
        cloud_provider: where the part is stored; `None` until Atlas sends it.
        replica_set_name: name of the shard or config server; `None` until Atlas sends it.
        extra: unknown fields, under the names of Atlas; not in the hash.
    """

    id: str | None = None
    cloud_provider: CloudProvider | None = None
    replica_set_name: str | None = None
    extra: UnknownFields = field(default_factory=FrozenDict[Any], hash=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Snapshot(FrozenModel):
    """A snapshot at the time of the response.

    Atlas sets the fields one by one: a queued snapshot has no `created_at`, and `expires_at`
    changes when it completes. `None` means that Atlas has not sent a value (yet). Snapshots of an
    unknown `type` are of this class; the others are `ReplicaSetSnapshot`, `ShardedClusterSnapshot`
    and `FlexSnapshot`.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        id: 24 hexadecimal digits.
        type: `"replicaSet"`, `"shardedCluster"`, `"flex"`, or an unknown label.
        status: `"queued"`, `"inProgress"`, `"completed"`, `"failed"`, or an unknown label.
        snapshot_type: its trigger: `"onDemand"`, `"scheduled"`, `"fallback"`, …
        frequency_type: `"ondemand"`, or the frequency of the schedule: `"hourly"`, `"daily"`, …
        description: the description, including the idempotency tag.
        created_at: UTC time of its data, later than the request; `None` until completed.
        expires_at: UTC time at which Atlas deletes it; it changes until completed.
        storage_size_bytes: size in bytes; 0 until completed.
        mongod_version: version of the MongoDB host, as `"8.0.29"`.
        master_key_uuid: the AWS KMS key of its encryption; `None` without encryption at rest.
        policy_items: ids of the policy items that triggered it; `()` if on demand.
        links: links to it and its cluster.
        group_id: id of the project, 24 hexadecimal digits.
        cluster_name: name of the cluster.
        extra: read-only mapping of unknown fields, under the names of Atlas with their values
            unchanged; compared by `==`, not in the hash.
        is_new: `True`: the call that returned it took it; `False`: that call found it, by its key
            or with `if_busy="join"`; `None`: it was not returned by a take. Not in `==` and not in
            the hash.
    """

    id: str
    type: SnapshotClusterType | None = None
    status: SnapshotStatus | None = None
    snapshot_type: SnapshotType | None = None
    frequency_type: FrequencyType | None = None
    description: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    storage_size_bytes: int | None = None
    mongod_version: str | None = None
    master_key_uuid: str | None = None
    policy_items: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    group_id: str
    cluster_name: str
    extra: UnknownFields = field(default_factory=FrozenDict[Any], hash=False)
    is_new: bool | None = field(default=None, compare=False)

    @property
    def is_final(self) -> bool:
        """Whether the status is final: `"completed"` or `"failed"`."""
        return self.status in ("completed", "failed")

    @property
    def idempotency_tag(self) -> str | None:
        """The tag `[ab1:…]` of its idempotency key, including brackets; `None` without one."""
        tag = _TAG.search(self.description or "")
        return tag and f"[ab1:{tag[1]}]"

    @property
    def requested_at(self) -> datetime:
        """The UTC second in which Atlas created the id, by its clock.

        Raises:
            ValueError: the id is not hexadecimal; ids of Atlas always are.
        """
        return datetime.fromtimestamp(int(self.id[:8], 16), tz=timezone.utc)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        if cls is not Snapshot:
            return handler(source)
        from atlas_backups._pydantic import kinds_schema  # noqa: PLC0415  # only pydantic asks

        kinds = {
            "replicaSet": ReplicaSetSnapshot,
            "shardedCluster": ShardedClusterSnapshot,
            "flex": FlexSnapshot,
        }
        return kinds_schema(cls, kinds, handler)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        described: dict[str, Any] = handler(schema)
        if "oneOf" in described:  # a plain Snapshot matches several kinds
            described["anyOf"] = described.pop("oneOf")
        return described

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name in ("id", "status", "cluster_name")}
        more = {name: getattr(self, name) for name in _SHOWN_IF_KNOWN}
        values |= {name: value for name, value in more.items() if value is not None}
        parts = (f"{name}={short_repr(value)}" for name, value in values.items())
        return f"{type(self).__name__}({', '.join(parts)}, ...)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReplicaSetSnapshot(Snapshot):
    """A snapshot of a replica set.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        cloud_provider: where it is stored: `"AWS"`, `"AZURE"`, `"GCP"`; `None` at first.
        copy_regions: regions to which Atlas copies it; `()` for none.
        replica_set_name: name of the replica set; `None` until Atlas sends it.
    """

    cloud_provider: CloudProvider | None = None
    copy_regions: tuple[str, ...] = ()
    replica_set_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShardedClusterSnapshot(Snapshot):
    """A snapshot of a sharded cluster, with one part for each shard and config server.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        config_server_type: `"EMBEDDED"` or `"DEDICATED"`; `None` until Atlas sends it.
        members: the parts; `()` while there are none.
        snapshot_ids: ids of the parts; `()` while there are none.
    """

    config_server_type: ConfigServerType | None = None
    members: tuple[SnapshotMember, ...] = ()
    snapshot_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FlexSnapshot(Snapshot):
    """A snapshot of a flex cluster; only the schedule of Atlas takes them.

    `status` uses the labels of the other snapshots, `created_at` of a completed one is
    `started_at`, because its data is no older, and fields that Atlas does not send for flex
    clusters (`snapshot_type`, `description`, `storage_size_bytes`, …) are `None`.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        scheduled_at: UTC time for which it was scheduled; `None` if Atlas sent none.
        started_at: UTC time at which Atlas started it; `None` before.
        finished_at: UTC time at which it completed or failed; `None` before.
    """

    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RawResponse(FrozenModel):
    """An unprocessed response of Atlas.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        status: HTTP status.
        headers: read-only mapping with case-insensitive names.
        text: the body, decoded.
    """

    status: int
    headers: Headers
    text: str

    def json(self) -> Any:  # noqa: ANN401  # JSON has no narrower type
        """Parse the body.

        Returns:
            A new object for each call: dict, list, str, number, bool or None.

        Raises:
            ValueError: the body is not JSON.
        """
        import json  # noqa: PLC0415  # not needed to import the package

        return json.loads(self.text)

    def __repr__(self) -> str:
        return f"RawResponse(status={self.status}, text={short_repr(self.text)}, ...)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FieldViolation(FrozenModel):
    """An invalid field of a request.

    Immutable, safe to share between threads and processes.
    See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

    Attributes:
        field: path of the field in the request body; `None` if Atlas sent none.
        description: why it is invalid; `None` if Atlas sent none.
    """

    field: str | None = None
    description: str | None = None


_COLUMNS: Schema = {
    "id": "text",
    "type": known_labels(SnapshotClusterType),
    "status": known_labels(SnapshotStatus),
    "snapshot_type": known_labels(SnapshotType),
    "frequency_type": known_labels(FrequencyType),
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
    "cloud_provider": known_labels(CloudProvider),
    "copy_regions": "texts",
    "replica_set_name": "text",
    "config_server_type": known_labels(ConfigServerType),
    "members": "members",
    "snapshot_ids": "texts",
    "extra": "text",
}


class SnapshotList(FrozenSequence[Snapshot]):
    """An immutable sequence of the snapshots of a cluster, newest first.

    Slices are of the same class. Safe to share between threads and processes.

    Args:
        items: its items, in this order.
    """

    __slots__ = ()

    _item = Snapshot

    def __repr__(self) -> str:
        first = ", ".join(repr(snapshot) for snapshot in self[:_SHOWN_SNAPSHOTS])
        more = len(self) - _SHOWN_SNAPSHOTS
        return f"SnapshotList([{first}{f', and {more} more' if more > 0 else ''}])"

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas data frame of one row a snapshot, in order.

        Returns:
            The fields of `Snapshot` and of its kinds but `links`, and `requested_at`. The columns
            and their types are the same for any list, also an empty one: times in UTC to the
            microsecond, labels as categories (all known ones, and after them the unknown ones that
            were found, with which two lists may differ), texts as `string`, `storage_size_bytes`
            as `Int64` (missing beyond 64 bits); lists in object columns, `members` as dicts,
            `extra` as JSON, missing where empty.

        Raises:
            ImportError: pandas is not there: `pip install 'atlas-backups[notebook]'`.
        """
        return to_pandas(_COLUMNS, [_row(snapshot) for snapshot in self])

    def to_polars(self) -> pl.DataFrame:
        """Return a polars data frame of one row a snapshot, in order.

        Returns:
            The columns of `to_pandas`; lists as `List`, `members` as a `List` of `Struct`.

        Raises:
            ImportError: polars is not there: `pip install 'atlas-backups[notebook]'`.
        """
        return to_polars(_COLUMNS, [_row(snapshot) for snapshot in self])


def _row(snapshot: Snapshot) -> dict[str, Any]:
    import json  # noqa: PLC0415  # not needed to import the package

    # A field that this kind of snapshot does not have is missing; an empty one is an empty list.
    row = {name: getattr(snapshot, name, None) for name in _COLUMNS}
    if row["members"] is not None:
        row["members"] = [{key: getattr(m, key) for key in MEMBER_FIELDS} for m in row["members"]]
    # JSON, because the fields are unknown.
    row["extra"] = json.dumps(snapshot.extra, ensure_ascii=False) if snapshot.extra else None
    return row
