"""What can be adjusted: behaviour that Atlas does not document, limits, security."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class VersionNotice:
    """Says that one version is deprecated or gone.

    Args:
        target: A resource (`snapshots`, `clusters`, `projects`) or one operation by the name in
            `routes.py`, such as `takeSnapshot`.
        version: The version it is about, `YYYY-MM-DD`.
        deprecated: Sent as `Deprecation`; None leaves the header out.
        sunset: Sent as `Sunset`; None leaves the header out.
        gone: True refuses the version with 410 `VERSION_GONE`.
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
    """What Atlas does not document, each with a switch so that both ways can be tested.

    Args:
        busy_check_lag_seconds: The rule "one on-demand snapshot at a time" does not yet see a
            snapshot that is younger than this. 0: the check is atomic. None: there is no rule.
        list_lag_seconds: A snapshot younger than this is missing from lists. 0: shown at once.
        get_lag_seconds: A snapshot younger than this answers 404 when read. 0: found at once.
        sharded_parts_listed: Whether the parts of a sharded snapshot appear, as snapshots of
            replica sets, in the plain list and can be read there.
        sharded_in_plain_endpoints: Whether the snapshot of a sharded cluster itself appears in
            the plain list and can be read and deleted there, as Atlas' own programs expect.
        sharded_path_of_replica_set: What the path of a sharded cluster's snapshot answers for the
            snapshot of a replica set: `empty`, with 200 and no members, or the status 404.
        sharded_list_of_replica_set: What the sharded list answers for a replica set:
            `empty`, or the status 400 or 404.
        paused_clusters: `refuse` answers a take with 409, `allow` takes it.
        role_refusal: Status for a missing role: 401 `USER_UNAUTHORIZED` or 403
            `ACCESS_FORBIDDEN`.
        default_retention_days: Retention of a snapshot for which none was asked.
        retention_required: True refuses a take that does not say `retentionInDays`.
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
        capacity: Requests that a full bucket allows, 1 or more.
        refill: Requests that come back in one period.
        period_seconds: Length of a period on the emulator's clock.
        at_once: True gives the whole refill at the end of each period, False bit by bit.
    """

    capacity: int
    refill: int
    period_seconds: float = 60.0
    at_once: bool = False

    def __post_init__(self) -> None:
        if self.capacity < 1 or self.refill < 1 or not 0 < self.period_seconds < math.inf:
            raise ValueError(f"a rate limit needs numbers above zero: {self!r}")

    def faster(self, factor: float) -> RateLimit:
        """Return the same limit with its time running `factor` times as fast."""
        return replace(self, period_seconds=self.period_seconds / factor)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is allowed.

    Args:
        snapshots: Bucket of each project for everything about snapshots; None: unlimited, and
            the headers are left out.
        clusters: Bucket of each project for everything about clusters; None as before.
        projects: Bucket of each project for reading it, and of each credential for lists of
            projects; None as before.
        flex: Buckets of each project for flex clusters, for their snapshots and for their restore
            jobs; None as before.
        token_requests_per_minute: Requests for a token, per address and service account; None:
            unlimited.
        active_tokens: Tokens of one service account that are alive at a time; None: unlimited.
        retry_after: Whether a 429 says when to come back.
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
    """How the three ways to authenticate behave.

    Args:
        token_seconds: Life of a token, as said in `expires_in`, in whole seconds.
        digest_algorithm: What the digest challenge asks for.
        nonce_seconds: Life of a nonce; `math.inf` means for ever.
        nonce_uses: How often a nonce may be used; None means without end.
        nonce_count: `rising`: each use needs a higher `nc` than any before. `unique`: each `nc`
            once, in any order. `any`: not looked at.
        access_list: Addresses from which the API may be used; None means from everywhere. An
            empty one refuses every call, while tokens are still granted.
        access_list_code: The error code of that refusal.
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
    """All of them together; the emulator's attributes of the same names change them."""

    snapshot_seconds: float = 1.5
    behaviour: Behaviour = field(default_factory=Behaviour)
    limits: Limits = field(default_factory=Limits)
    security: Security = field(default_factory=Security)
