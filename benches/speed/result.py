"""What peers make of an answer: a dataclass like that of `atlas_backups`, with aware datetimes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """As of `atlas_backups`."""

    href: str | None = None
    rel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSetSnapshot:
    """The same fields, in the same order."""

    id: str
    type: str | None = None
    status: str | None = None
    snapshot_type: str | None = None
    frequency_type: str | None = None
    description: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    storage_size_bytes: int | None = None
    mongod_version: str | None = None
    master_key_uuid: str | None = None
    policy_items: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    cloud_provider: str | None = None
    copy_regions: tuple[str, ...] = ()
    replica_set_name: str | None = None


def read(answer: dict[str, Any]) -> ReplicaSetSnapshot:
    return ReplicaSetSnapshot(
        id=answer["id"],
        type=answer.get("type"),
        status=answer.get("status"),
        snapshot_type=answer.get("snapshotType"),
        frequency_type=answer.get("frequencyType"),
        description=answer.get("description"),
        created_at=_time(answer.get("createdAt")),
        expires_at=_time(answer.get("expiresAt")),
        storage_size_bytes=answer.get("storageSizeBytes"),
        mongod_version=answer.get("mongodVersion"),
        master_key_uuid=answer.get("masterKeyUUID"),
        policy_items=tuple(answer.get("policyItems", ())),
        links=tuple(Link(href=link.get("href"), rel=link.get("rel")) for link in answer["links"]),
        cloud_provider=answer.get("cloudProvider"),
        copy_regions=tuple(answer.get("copyRegions", ())),
        replica_set_name=answer.get("replicaSetName"),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
