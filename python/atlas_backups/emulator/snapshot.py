"""The life cycle of one snapshot: its state and its JSON at a given time, as recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .serialization import MAX_DATETIME, from_epoch, iso, link

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from .seed import Cluster

Status = Literal["queued", "inProgress", "completed", "failed"]

# Seconds after the request, as recorded for one small cluster that took 157 s to the end.
_RECORDED_END = 157.0
IN_PROGRESS_AT = 4.0 / _RECORDED_END
VERSION_AT = 18.0 / _RECORDED_END
PROVIDER_AT = 95.0 / _RECORDED_END  # also the cut point, which becomes createdAt


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The life cycle of a snapshot.

    Args:
        seconds: From the request to the end, 0 or more.
        fails: Whether it ends as `failed`.
        never_ends: Whether it stays in progress; `seconds` then sets the pace until that phase.
    """

    seconds: float
    fails: bool = False
    never_ends: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"seconds must be finite and 0 or more, not {self.seconds!r}")


@dataclass(frozen=True)
class Part:
    """The part of one shard, or of the config servers, in a sharded cluster's snapshot."""

    id: str
    replica_set_name: str


@dataclass(kw_only=True)
class StoredSnapshot:
    """A snapshot; times are seconds since the epoch, `frozen_status` stays until its end."""

    id: str
    group_id: str
    cluster: Cluster
    requested_at: float
    plan: Plan
    snapshot_type: str
    frequency_type: str
    description: str | None
    retention: timedelta
    parts: tuple[Part, ...] = ()
    policy_items: tuple[str, ...] = ()
    frozen_status: Status | None = None
    expires_at: datetime | None = None

    def status(self, now: float) -> Status:
        """Return its status at `now`."""
        if self.frozen_status is not None and now < self.ended_at:
            return self.frozen_status
        progress = self.progress(now)
        if progress >= 1.0:
            return "failed" if self.plan.fails else "completed"
        return "queued" if progress < IN_PROGRESS_AT else "inProgress"

    def finished(self, now: float) -> bool:
        """Return whether the status is final."""
        return self.status(now) in {"completed", "failed"}

    @property
    def ended_at(self) -> float:
        """When it ends; `math.inf`: never."""
        return math.inf if self.plan.never_ends else self.requested_at + self.plan.seconds

    @property
    def started_at(self) -> float:
        """When it leaves the queue."""
        return self.requested_at + self.plan.seconds * IN_PROGRESS_AT

    @property
    def cut_at(self) -> float:
        """The point in time of its data."""
        return self.requested_at + self.plan.seconds * PROVIDER_AT

    def progress(self, now: float) -> float:
        """Return its progress from 0 to 1."""
        if now >= self.ended_at:
            return 1.0
        if self.frozen_status is not None:
            return 0.0 if self.frozen_status == "queued" else VERSION_AT
        if not self.plan.seconds:
            return PROVIDER_AT
        share = max(0.0, (now - self.requested_at) / self.plan.seconds)
        return min(share, PROVIDER_AT) if self.plan.never_ends else share

    def expiry(self, now: float) -> datetime:
        """Return its expiry as of `now`; completion moves it."""
        if self.expires_at is not None:
            return self.expires_at
        completed = self.status(now) == "completed"
        return add_clamped(
            from_epoch(self.ended_at if completed else self.requested_at), self.retention
        )

    def visible_parts(self, now: float) -> tuple[Part, ...]:
        """Return the parts visible at `now`; they appear one by one."""
        if not self.parts or self.finished(now):
            return self.parts
        share = (self.progress(now) - VERSION_AT) / (PROVIDER_AT - VERSION_AT)
        return self.parts[: max(0, math.floor(share * len(self.parts) + 1e-9))]

    def wire(self, now: float, base_url: str) -> dict[str, Any]:
        """Return its JSON object as of `now`."""
        view = self._common(now, base_url, self.id, self.cluster.storage_size_bytes)
        if not self.cluster.sharded:
            return {**view, **self._replica_set(now, self.cluster.name)}
        parts = self.visible_parts(now)
        view["type"] = "shardedCluster"
        view["configServerType"] = self.cluster.config_server_type
        view["members"] = [
            {
                "cloudProvider": self.cluster.provider,
                "id": part.id,
                "replicaSetName": part.replica_set_name,
            }
            for part in parts
        ]
        view["snapshotIds"] = [part.id for part in parts]
        return view

    def part_wire(self, part: Part, now: float, base_url: str) -> dict[str, Any]:
        """Return one part as the snapshot of a replica set."""
        size = self.cluster.storage_size_bytes // len(self.parts)
        view = self._common(now, base_url, part.id, size)
        return {**view, **self._replica_set(now, part.replica_set_name)}

    def _replica_set(self, now: float, name: str) -> dict[str, Any]:
        view: dict[str, Any] = {"copyRegions": [], "replicaSetName": name, "type": "replicaSet"}
        if self.progress(now) >= PROVIDER_AT:
            view["cloudProvider"] = self.cluster.provider
        return view

    def _common(self, now: float, base_url: str, snapshot_id: str, size: int) -> dict[str, Any]:
        status = self.status(now)
        cluster = f"{base_url}/api/atlas/v2/groups/{self.group_id}/clusters/{self.cluster.name}"
        sharded = self.cluster.sharded and snapshot_id == self.id
        folder = "snapshots/shardedCluster" if sharded else "snapshots"
        view: dict[str, Any] = {
            "expiresAt": iso(self.expiry(now)),
            "frequencyType": self.frequency_type,
            "id": snapshot_id,
            "links": [
                link(f"{cluster}/backup/{folder}/{snapshot_id}"),
                link(cluster, "https://cloud.mongodb.com/cluster"),
            ],
            "policyItems": list(self.policy_items),
            "snapshotType": self.snapshot_type,
            "status": status,
            "storageSizeBytes": size if status == "completed" else 0,
        }
        if self.description is not None:
            view["description"] = self.description
        if self.cluster.master_key_uuid is not None:
            view["masterKeyUUID"] = self.cluster.master_key_uuid
        if self.progress(now) >= VERSION_AT:
            view["mongodVersion"] = self.cluster.mongo_db_version
        if status == "completed":
            view["createdAt"] = iso(self.cut_at)
        return view


def add_clamped(start: datetime, span: timedelta) -> datetime:
    """Return `start` plus `span`, at most the end of year 9999."""
    try:
        return min(start + span, MAX_DATETIME)
    except OverflowError:
        return MAX_DATETIME
