"""Deterministic samples of every type that a notebook displays, benign and hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import atlas_backups as ab

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9f0"
HOSTILE = "</td></style><script>alert(1)</script>\"' &amp; \0\x1b[31m\u202eevil\u2066 \ud800\ufdd0"
ARABIC = "نسخة احتياطية قبل الإصدار \u202bالثاني والأربعون"  # noqa: RUF001  # it is Arabic
LONG = "a-very-long-name-" * 100
TAG = "[ab1:ABCDEFGHIJKLMNOPQRSTUVWXYZ] "


def snapshot_id(requested: datetime, number: int = 0) -> str:
    return f"{int(requested.timestamp()):08x}{number:016x}"


def taken(age: timedelta, number: int = 0, **values: object) -> ab.ReplicaSetSnapshot:
    """Return a completed snapshot of that age, with other values replaced."""
    requested = AT - age
    usual = ab.ReplicaSetSnapshot(
        id=snapshot_id(requested, number),
        type="replicaSet",
        status="completed",
        snapshot_type="onDemand",
        frequency_type="ondemand",
        description=f"before release {number}",
        created_at=requested + timedelta(seconds=95),
        expires_at=requested + timedelta(days=7, seconds=157),
        storage_size_bytes=4_186_517_504 + number * 200_000_000,
        mongod_version="8.0.29",
        group_id=GROUP_ID,
        cluster_name="Cluster0",
        cloud_provider="AWS",
        replica_set_name="Cluster0",
    )
    return replace(usual, **values)  # type: ignore[arg-type]  # values of any field


def unfinished(age: timedelta, status: str, number: int = 0) -> ab.ReplicaSetSnapshot:
    return taken(
        age, number, status=status, created_at=None, storage_size_bytes=0, cloud_provider=None
    )


SHARDED = ab.ShardedClusterSnapshot(
    id=snapshot_id(AT - timedelta(hours=5)),
    type="shardedCluster",
    status="completed",
    snapshot_type="scheduled",
    frequency_type="daily",
    created_at=AT - timedelta(hours=4, minutes=57),
    expires_at=AT + timedelta(days=6),
    storage_size_bytes=81_604_378_624,
    mongod_version="8.0.29",
    policy_items=("5f2b1c3d4e5f60718293a4b5",),
    group_id=GROUP_ID,
    cluster_name="orders",
    config_server_type="DEDICATED",
    members=tuple(
        ab.SnapshotMember(
            id=f"{number:024x}", cloud_provider="AWS", replica_set_name=f"orders-{name}"
        )
        for number, name in enumerate(("shard-0", "shard-1", "shard-2", "config-0"))
    ),
)
BARE = ab.Snapshot(id="6" * 24, group_id=GROUP_ID, cluster_name="Cluster0")


def hostile(text: str) -> ab.ReplicaSetSnapshot:
    """Return a snapshot with the text in every text field."""
    return ab.ReplicaSetSnapshot(
        id=text,
        type=text,
        status=text,
        snapshot_type=text,
        frequency_type=text,
        description=text,
        mongod_version=text,
        master_key_uuid=text,
        policy_items=(text,) * 30,
        group_id=text,
        cluster_name=text,
        cloud_provider=text,
        copy_regions=(text,) * 30,
        replica_set_name=text,
        extra={text: text},
    )


def hinted(error: ab.AtlasError, hint: str) -> ab.AtlasError:
    """Set the hint, as the core does."""
    error.hint = hint
    return error


WEEKS = ab.SnapshotList(
    [
        unfinished(timedelta(minutes=2), "inProgress", 21),
        taken(timedelta(hours=9), 20, description=f"{TAG}nightly"),
        unfinished(timedelta(days=1, hours=2), "failed", 19),
        *(
            taken(
                timedelta(days=day),
                20 - day,
                snapshot_type="scheduled",
                frequency_type="weekly" if day % 7 == 0 else "daily",
                description=None,
                expires_at=AT + timedelta(days=380 if day % 7 == 0 else 7 - day % 7),
            )
            for day in range(2, 18)
        ),
        taken(timedelta(days=18), 2, status="pendingReview"),
    ]
)
ERRORS: tuple[ab.AtlasError, ...] = (
    ab.ClusterNotFoundError(
        "No cluster named Clutser0 exists. (1 attempt, 0.21 s). Hint: check the spelling; "
        "list_clusters() shows the names"
        f" [GET /api/atlas/v2/groups/{GROUP_ID}/clusters/Clutser0: 404 Not Found, "
        "CLUSTER_NOT_FOUND]",
        status=404,
        error_code="CLUSTER_NOT_FOUND",
        detail="No cluster named Clutser0 exists.",
        reason="Not Found",
        parameters=("Clutser0", GROUP_ID, 3, None),
        method="GET",
        path=f"/api/atlas/v2/groups/{GROUP_ID}/clusters/Clutser0",
        hint="check the spelling; list_clusters() shows the names",
    ),
    ab.ValidationError(
        "A value is wrong. (1 attempt, 0.1 s) [POST /x: 400 Bad Request, VALIDATION_ERROR]",
        status=400,
        error_code="VALIDATION_ERROR",
        detail="A value is wrong.",
        reason="Bad Request",
        field_violations=(ab.FieldViolation(field="retentionInDays", description="at least 1"),),
        retry_after=12.0,
        method="POST",
        path="/x",
    ),
    ab.AmbiguousOutcomeError(
        "the connection was reset after the request was sent [POST /x]",
        idempotency_tag=TAG.strip(),
        candidates=(unfinished(timedelta(seconds=40), "queued"), taken(timedelta(minutes=3), 2)),
        cause=ab.TransportError("connection reset by peer"),
    ),
    ab.WaitTimeoutError(
        "snapshot 6a79 is inProgress after 60.0 s",
        snapshot=unfinished(timedelta(minutes=1), "inProgress"),
    ),
    ab.SnapshotInProgressError(
        "busy",
        status=400,
        reason="Bad Request",
        snapshot=unfinished(timedelta(minutes=4), "inProgress"),
    ),
    ab.DuplicateSnapshotsError(
        "2 snapshots carry the tag", snapshots=(taken(timedelta(1)), taken(timedelta(2)))
    ),
    ab.SnapshotFailedError("it has failed", snapshot=unfinished(timedelta(hours=1), "failed")),
    ab.ConfigurationError("no credentials: set MONGODB_ATLAS_CLIENT_ID and …_SECRET"),
    hinted(
        ab.TransportError("no route (1 attempt, 0.02 s). Hint: check the proxy [GET /x]"),
        "check the proxy",
    ),
    ab.ApiError(HOSTILE, detail=HOSTILE, error_code=LONG, hint=ARABIC, path=LONG, reason=HOSTILE),
    ab.AtlasError(""),
)
OUTCOMES = ab.SnapshotOutcomes(
    ab.SnapshotOutcome(
        request=ab.SnapshotRequest(group_id=GROUP_ID, cluster_name=f"Cluster{number}"),
        snapshot=None
        if number % 5 == 2
        else taken(timedelta(minutes=number), number, cluster_name=f"Cluster{number}"),
        error=ERRORS[number % 3] if number % 5 == 2 else None,
    )
    for number in range(12)
)
PROJECT = ab.Project(id=GROUP_ID, name="Production", org_id="7" * 24, cluster_count=3, created=AT)
CLUSTER = ab.Cluster(
    id="8" * 24,
    name="Cluster0",
    group_id=GROUP_ID,
    cluster_type="REPLICASET",
    state_name="IDLE",
    backup_enabled=True,
    paused=False,
    mongo_db_version="8.0.29",
)
RESPONSE = ab.RawResponse(
    status=200,
    headers=ab.Headers({"Content-Type": "application/json", "X-Odd": HOSTILE}),
    text='{"id": "6a79", "status": "queued"}',
)


def covered(name: str, **values: object) -> ab.ClusterCoverage:
    """Return a cluster with a snapshot every day, with other values replaced."""
    usual = ab.ClusterCoverage(
        group_id=GROUP_ID,
        project_name="Production",
        cluster=replace(CLUSTER, name=name),
        newest=taken(timedelta(hours=9), 20, snapshot_type="scheduled", frequency_type="daily"),
        on_demand_times=(AT - timedelta(days=3, hours=2), AT - timedelta(days=12)),
        scheduled_times=tuple(AT - timedelta(days=day, hours=9) for day in range(30)),
        taken_at=AT,
    )
    return replace(usual, **values)  # type: ignore[arg-type]  # values of any field


COVERAGE = ab.Coverage(
    [
        covered("", cluster=None, newest=None, error=ERRORS[0], project_name="Locked away"),
        covered("reports", newest=None, error=ERRORS[8]),
        covered(
            "sandbox",
            cluster=replace(CLUSTER, name="sandbox", backup_enabled=False, paused=True),
            newest=None,
            on_demand_times=(),
            scheduled_times=(),
        ),
        covered(
            "orders",
            newest=SHARDED,
            failed=unfinished(timedelta(hours=2), "failed"),
            on_demand_times=(),
            scheduled_times=tuple(AT - timedelta(days=day, hours=9) for day in range(4, 30, 3)),
        ),
        covered("payments", running=(unfinished(timedelta(minutes=2), "inProgress"),)),
        covered(
            "ledger",
            scheduled_times=tuple(AT - timedelta(hours=6 * step) for step in range(120)),
            cluster=replace(CLUSTER, name="ledger", backup_enabled=None),
        ),
    ],
    taken_at=AT,
)
SAMPLES: Mapping[str, object] = {
    "snapshot": taken(timedelta(hours=3), 1, description=f"{TAG}before release 42"),
    "running": unfinished(timedelta(minutes=2), "inProgress"),
    "failed": unfinished(timedelta(hours=2), "failed"),
    "unknown-status": taken(timedelta(hours=2), status="pendingReview", extra={"newField": [1]}),
    "sharded": SHARDED,
    "bare": BARE,
    "hostile": hostile(HOSTILE),
    "long": hostile(LONG),
    "right-to-left": hostile(ARABIC),
    "list": WEEKS,
    "list-of-one": WEEKS[:1],
    "empty-list": ab.SnapshotList(),
    "list-of-clusters": ab.SnapshotList([*WEEKS[:3], SHARDED, BARE]),
    "hostile-list": ab.SnapshotList(map(hostile, (HOSTILE, LONG, ARABIC))),
    "outcomes": OUTCOMES,
    "outcome": OUTCOMES[2],
    "no-outcomes": OUTCOMES[:0],
    "project": PROJECT,
    "cluster": CLUSTER,
    "hostile-cluster": ab.Cluster(name=HOSTILE, group_id=LONG, state_name=ARABIC),
    "coverage": COVERAGE,
    "coverage-of-one": COVERAGE[3],
    "no-coverage": COVERAGE[:0],
    "hostile-coverage": ab.Coverage(
        [covered(HOSTILE, project_name=LONG, running=(hostile(HOSTILE),) * 3)], taken_at=AT
    ),
    "response": RESPONSE,
    "link": ab.Link(href=HOSTILE),
    "request": OUTCOMES[0].request,
    **{f"error-{number}": error for number, error in enumerate(ERRORS)},
}
