"""The initial content: projects, clusters, snapshots, credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["GROUP_OWNER", "GROUP_BACKUP_MANAGER", "GROUP_BACKUP_CREATOR", "GROUP_READ_ONLY"]
CredentialKind = Literal["service_account", "api_key", "access_token"]

_ID = re.compile(r"[a-f0-9]{24}")
_CLUSTER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")

DEFAULT_GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9f0"
DEFAULT_CLUSTER_NAME = "Cluster0"
DEFAULT_SHARDED_CLUSTER_NAME = "Sharded0"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One credential.

    Args:
        kind: Its kind.
        id: Client id of a service account, public key of an API key, empty for an access token.
        secret: Client secret, private key, or the access token itself.
        roles: Its roles in its projects. Reading needs any role; taking needs owner, backup
            manager or backup creator; retention and deletion need owner or backup manager.
        group_ids: The projects it may access; None: all.
    """

    kind: CredentialKind
    secret: str = field(repr=False)
    id: str = ""
    roles: frozenset[Role] = frozenset({"GROUP_OWNER"})
    group_ids: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not self.secret or not (self.id or self.kind == "access_token"):
            raise ValueError(f"a credential of kind {self.kind} needs an id and a secret")


@dataclass(frozen=True, kw_only=True)
class ExistingSnapshot:
    """A snapshot that exists at the start.

    Args:
        age_seconds: How long before the start it was requested.
        status: Its status; `queued` and `inProgress` last until `ends_in_seconds`.
        snapshot_type: `onDemand`, `scheduled` or `fallback`.
        frequency_type: `hourly`, `daily`, …; `ondemand` as recorded for on-demand ones.
        description: None: no description.
        retention_days: Days from its completion to its expiry.
        id: 24 hexadecimal digits; None: derived from its age.
        ends_in_seconds: When an unfinished one completes, counted from the start; None: never.
    """

    age_seconds: float = 86_400.0
    status: Literal["queued", "inProgress", "completed", "failed"] = "completed"
    snapshot_type: Literal["onDemand", "scheduled", "fallback"] = "scheduled"
    frequency_type: str = "daily"
    description: str | None = None
    retention_days: int = 7
    id: str | None = None
    ends_in_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.id is not None and not _ID.fullmatch(self.id):
            raise ValueError(f"a snapshot's id has 24 hexadecimal digits, not {self.id!r}")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """One cluster.

    Args:
        name: Letters, digits and hyphens.
        cluster_type: Replica set or sharded.
        num_shards: Shards of a sharded cluster, 1 or more; ignored for a replica set.
        config_server_type: `DEDICATED` adds one part to each snapshot of a sharded cluster.
        flex: A flex cluster, with its own paths and without on-demand snapshots.
        tenant: A shared (M0) cluster, without snapshots.
        paused: See `Behaviour.paused_clusters`.
        backup_enabled: False rejects each take with `BACKUP_JOB_NOT_FOUND`.
        provider: `AWS`, `AZURE` or `GCP`.
        region: Region as Atlas spells it.
        mongo_db_version: Three numbers.
        storage_size_bytes: Size of a completed snapshot, of all shards together.
        master_key_uuid: The key of encryption at rest; None: off.
        state_name: `IDLE`, `UPDATING`, …
        snapshots: Its existing snapshots.
    """

    name: str
    cluster_type: Literal["REPLICASET", "SHARDED"] = "REPLICASET"
    num_shards: int = 2
    config_server_type: Literal["EMBEDDED", "DEDICATED"] = "DEDICATED"
    flex: bool = False
    tenant: bool = False
    paused: bool = False
    backup_enabled: bool = True
    provider: Literal["AWS", "AZURE", "GCP"] = "AWS"
    region: str = "EU_CENTRAL_1"
    mongo_db_version: str = "8.0.29"
    storage_size_bytes: int = 5_368_709_120
    master_key_uuid: str | None = None
    state_name: str = "IDLE"
    snapshots: tuple[ExistingSnapshot, ...] = ()

    def __post_init__(self) -> None:
        if not _CLUSTER_NAME.fullmatch(self.name):
            raise ValueError(f"not a cluster name: {self.name!r}")
        if self.num_shards < 1:
            raise ValueError(f"num_shards must be 1 or more, not {self.num_shards}")

    @property
    def sharded(self) -> bool:
        """Whether it is a sharded cluster."""
        return self.cluster_type == "SHARDED"

    @property
    def part_names(self) -> tuple[str, ...]:
        """The replica sets that a snapshot of the whole cluster consists of."""
        shards = [f"{self.name}-shard-{number}" for number in range(self.num_shards)]
        if self.config_server_type == "DEDICATED":
            shards.append(f"{self.name}-config-0")
        return tuple(shards)


@dataclass(frozen=True, kw_only=True)
class Project:
    """One project, which Atlas' paths call a group.

    Args:
        name: Its name, unique in the world.
        id: 24 hexadecimal digits, unique in the world.
        org_id: Its organisation.
        clusters: Its clusters, names unique.
    """

    name: str
    id: str
    org_id: str = "66b0aa11bb22cc33dd44ee55"
    clusters: tuple[Cluster, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id) or not _ID.fullmatch(self.org_id):
            raise ValueError("the ids of a project have 24 hexadecimal digits")
        _check_unique("cluster", [cluster.name for cluster in self.clusters])


DEFAULT_CREDENTIALS = (
    Credential(
        kind="service_account",
        id="mdb_sa_id_66b0d00d0000000000000001",
        secret="mdb_sa_sk_emulator_only_not_a_real_secret",  # noqa: S106 - opens a loopback port
    ),
    Credential(
        kind="api_key",
        id="emulator",
        secret="5f0c0de0-0000-4000-8000-emulatoronly",  # noqa: S106 - the same
    ),
    Credential(
        kind="access_token",
        secret="emulator-only-access-token",  # noqa: S106 - the same
    ),
    Credential(
        kind="service_account",
        id="mdb_sa_id_66b0d00d0000000000000002",
        secret="mdb_sa_sk_emulator_only_may_just_read",  # noqa: S106 - the same
        roles=frozenset({"GROUP_READ_ONLY"}),
    ),
    Credential(
        kind="api_key",
        id="readonly",
        secret="5f0c0de0-0000-4000-8000-emulatorread",  # noqa: S106 - the same
        roles=frozenset({"GROUP_READ_ONLY"}),
    ),
)


@dataclass(frozen=True, kw_only=True)
class World:
    """The initial content of the emulator.

    Args:
        projects: At least one, with a replica set if `AtlasEmulator.cluster_name` is used.
        credentials: `AtlasEmulator.service_account`, `.api_key` and `.access_token` return the
            first of each kind.
    """

    projects: tuple[Project, ...]
    credentials: tuple[Credential, ...] = DEFAULT_CREDENTIALS

    def __post_init__(self) -> None:
        if not self.projects:
            raise ValueError("a world needs a project")
        _check_unique("project", [project.id for project in self.projects])
        _check_unique("project", [project.name for project in self.projects])
        _check_unique("credential", [f"{c.kind} {c.id or c.secret}" for c in self.credentials])


def default_world() -> World:
    """Return one project with a cluster of each kind, and an empty second project."""
    day = 86_400.0
    nightly = tuple(ExistingSnapshot(age_seconds=day * age) for age in (1, 2, 3))
    old = ExistingSnapshot(
        age_seconds=20 * day,
        snapshot_type="onDemand",
        frequency_type="ondemand",
        description="before the last release",
        retention_days=30,
    )
    clusters = (
        Cluster(name=DEFAULT_CLUSTER_NAME, snapshots=(*nightly, old)),
        Cluster(name=DEFAULT_SHARDED_CLUSTER_NAME, cluster_type="SHARDED", snapshots=nightly[:1]),
        Cluster(name="Flex0", flex=True, snapshots=nightly),
        Cluster(name="Free0", tenant=True, backup_enabled=False),
        Cluster(name="Paused0", paused=True),
        Cluster(name="NoBackup0", backup_enabled=False),
    )
    return World(
        projects=(
            Project(name="Emulated", id=DEFAULT_GROUP_ID, clusters=clusters),
            Project(name="Empty", id="66b0c1d2e3f4a5b6c7d8e9f1"),
        )
    )


def _check_unique(what: str, names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"duplicate {what}")
