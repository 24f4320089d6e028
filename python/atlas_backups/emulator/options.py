"""Options: behaviour that Atlas does not document, limits, security."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class VersionNotice:
    """One version is deprecated or removed.

    Args:
        target: A resource (`snapshots`, `clusters`, `projects`) or one operation by its name in
            `operations.py`, such as `takeSnapshot`.
        version: The version, `YYYY-MM-DD`.
        deprecated: Value of the `Deprecation` header; None: no header.
        sunset: Value of the `Sunset` header; None: no header.
        gone: True rejects the version with 410 `VERSION_GONE`.
    """

    target: str
    version: str
    deprecated: datetime | None = None
    sunset: datetime | None = None
    gone: bool = False


_NEW_CLUSTERS = datetime(2024, 8, 5, tzinfo=timezone.utc)
_OLD_CLUSTERS_END = datetime(2027, 7, 1, tzinfo=timezone.utc)
PUBLISHED_NOTICES = tuple(
    VersionNotice(
        target="clusters", version=version, deprecated=_NEW_CLUSTERS, sunset=_OLD_CLUSTERS_END
    )
    for version in ("2023-01-01", "2023-02-01")
)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """Behaviour that Atlas does not document, switchable so that both ways can be tested.

    Args:
        busy_check_lag_seconds: The rule "one on-demand snapshot at a time" ignores a snapshot
            that is younger than this. 0: the check is atomic. None: there is no rule.
        list_lag_seconds: A snapshot younger than this is not listed. 0: listed at once.
        get_lag_seconds: Reading a snapshot younger than this gives 404. 0: found at once.
        sharded_parts_listed: Whether the parts of a sharded snapshot appear, as snapshots of
            replica sets, in the plain list and can be read there.
        sharded_in_plain_endpoints: Whether the snapshot of a sharded cluster itself appears in
            the plain list and can be read and deleted there, as Atlas' own programs expect.
        sharded_path_of_replica_set: The response of a sharded cluster's path for the snapshot of a
            replica set: `empty`, with 200 and no members, or the status 404.
        sharded_list_of_replica_set: The response of the sharded list for a replica set:
            `empty`, or the status 400 or 404.
        paused_clusters: `refuse` rejects a take with 409, `allow` accepts it.
        role_refusal: Status for a missing role: 401 `USER_UNAUTHORIZED` or 403
            `ACCESS_FORBIDDEN`.
        default_retention_days: Retention of a snapshot without `retentionInDays`.
        retention_required: True rejects a take without `retentionInDays`.
        notices: Deprecated and removed versions.
    """

    busy_check_lag_seconds: float | None = 0.0
    list_lag_seconds: float = 0.0
    get_lag_seconds: float = 0.0
    sharded_parts_listed: bool = False
    sharded_in_plain_endpoints: bool = True
    sharded_path_of_replica_set: Literal["empty", 404] = "empty"
    sharded_list_of_replica_set: Literal["empty", 400, 404] = "empty"
    paused_clusters: Literal["refuse", "allow"] = "refuse"
    role_refusal: Literal[401, 403] = 401
    default_retention_days: int = 1
    retention_required: bool = False
    notices: tuple[VersionNotice, ...] = PUBLISHED_NOTICES


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """One token bucket.

    Args:
        capacity: Requests in a full bucket, 1 or more.
        refill: Requests added in each period.
        period_seconds: Length of a period on the emulator's clock.
        at_once: True adds the whole refill at the end of each period, False continuously.
    """

    capacity: int
    refill: int
    period_seconds: float = 60.0
    at_once: bool = False

    def __post_init__(self) -> None:
        if self.capacity < 1 or self.refill < 1 or not 0 < self.period_seconds < math.inf:
            raise ValueError(f"a rate limit needs numbers above zero: {self!r}")

    def faster(self, factor: float) -> RateLimit:
        """Return the same limit with a period shorter by `factor`."""
        return replace(self, period_seconds=self.period_seconds / factor)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Rate limits.

    Args:
        snapshots: Bucket of each project for its snapshots; None: unlimited, without headers.
        clusters: Bucket of each project for its clusters; None: the same.
        projects: Bucket of each project for reading it, and of each credential for lists of
            projects; None: the same.
        flex: Buckets of each project for flex clusters, for their snapshots and for their restore
            jobs; None: the same.
        token_requests_per_minute: Token requests per address and service account; None: unlimited.
        active_tokens: Unexpired tokens of one service account; None: unlimited.
        retry_after: Whether a 429 has a `Retry-After` header.
    """

    snapshots: RateLimit | None = RateLimit(capacity=1200, refill=500)
    clusters: RateLimit | None = RateLimit(capacity=10_000, refill=5000)
    projects: RateLimit | None = RateLimit(capacity=1200, refill=500)
    flex: RateLimit | None = RateLimit(capacity=1200, refill=500)
    token_requests_per_minute: int | None = 50
    active_tokens: int | None = 100
    retry_after: bool = True


@dataclass(frozen=True, kw_only=True)
class Security:
    """Settings of the three authentication schemes.

    Args:
        token_seconds: Lifetime of a token (`expires_in`), in whole seconds.
        digest_algorithm: Algorithm of the digest challenge.
        nonce_seconds: Lifetime of a nonce; `math.inf`: no limit.
        nonce_uses: How often a nonce may be used; None: no limit.
        nonce_count: `rising`: each use needs a higher `nc` than all before. `unique`: each `nc`
            once, in any order. `any`: not checked.
        access_list: Addresses from which the API may be used; None: all. An empty list rejects
            every call, while tokens are still issued.
        access_list_code: The error code of the rejection.
    """

    token_seconds: int = 3600
    digest_algorithm: Literal["MD5", "SHA-256"] = "MD5"
    nonce_seconds: float = 300.0
    nonce_uses: int | None = None
    nonce_count: Literal["rising", "unique", "any"] = "rising"
    access_list: tuple[str, ...] | None = None
    access_list_code: Literal[
        "IP_ADDRESS_NOT_ON_ACCESS_LIST",
        "IP_ADDRESS_NOT_ON_WHITELIST",
        "ORG_REQUIRES_ACCESS_LIST",
        "ORG_REQUIRES_WHITELIST",
    ] = "IP_ADDRESS_NOT_ON_ACCESS_LIST"


@dataclass(kw_only=True)
class Options:
    """All options; the emulator's attributes of the same names change them."""

    snapshot_seconds: float = 1.5
    behaviour: Behaviour = field(default_factory=Behaviour)
    limits: Limits = field(default_factory=Limits)
    security: Security = field(default_factory=Security)
