"""Rate limits: token buckets, one for each project and resource."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import Rejection, Scalar

if TYPE_CHECKING:
    from .options import Limits, Options, RateLimit

_ROUNDING = 1e-9


@dataclass
class _Bucket:
    limit: RateLimit
    level: float
    filled_at: float

    def refill(self, now: float) -> None:
        elapsed = max(0.0, now - self.filled_at)
        periods = elapsed / self.limit.period_seconds
        if self.limit.at_once:
            periods = math.floor(periods)
        self.level = min(self.limit.capacity, self.level + periods * self.limit.refill)
        self.filled_at += periods * self.limit.period_seconds if self.limit.at_once else elapsed

    def wait_seconds(self) -> int:
        wait = self.limit.period_seconds
        if not self.limit.at_once:
            wait = (1.0 - self.level) * wait / self.limit.refill
        return max(1, math.ceil(wait))

    def headers(self) -> dict[str, str]:
        return {
            "Ratelimit-Limit": str(self.limit.capacity),
            "Ratelimit-Remaining": str(math.floor(self.level + _ROUNDING)),
        }


class RateLimiter:
    """Counts requests. Not thread-safe: the service locks. A changed limit has a full bucket."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def acquire(self, resource: str, owner: str, endpoint: str, now: float) -> dict[str, str]:
        """Take one token from a bucket and return the rate-limit headers.

        Args:
            resource: The kind of resource requested.
            owner: The project, or the credential for requests without a project.
            endpoint: Path template of the operation, for the message.
            now: The time, in seconds since the epoch.

        Raises:
            Rejection: 429, the bucket is empty.
        """
        limits = self._options.limits
        resource = "snapshots" if resource == "schedules" else resource
        limit = _limit_of(resource, limits)
        if limit is None:
            return {}
        bucket = self._buckets.get((resource, owner))
        if bucket is None or bucket.limit != limit:
            bucket = self._buckets[resource, owner] = _Bucket(limit, limit.capacity, now)
        bucket.refill(now)
        if bucket.level < 1.0 - _ROUNDING:
            raise _rate_limited(bucket, endpoint, retry_after=limits.retry_after)
        bucket.level = max(0.0, bucket.level - 1.0)
        return bucket.headers()


def _limit_of(resource: str, limits: Limits) -> RateLimit | None:
    if resource.startswith("flex"):
        return limits.flex
    known = {
        "snapshots": limits.snapshots,
        "clusters": limits.clusters,
        "projects": limits.projects,
    }
    return known.get(resource)


def _rate_limited(bucket: _Bucket, endpoint: str, *, retry_after: bool) -> Rejection:
    limit = bucket.limit
    wait = bucket.wait_seconds()
    period = limit.period_seconds
    whole = int(period) if period == int(period) else period
    detail = (
        f"Resource {endpoint} is limited to {limit.capacity} requests, "
        f"with {limit.refill} more every {whole} seconds. Try again in {wait} seconds."
    )
    headers = bucket.headers()
    if retry_after:
        headers["Retry-After"] = str(wait)
    parameters: list[Scalar] = [endpoint, wait, limit.capacity, limit.refill, whole]
    return Rejection(429, "RATE_LIMITED", detail, parameters, headers=headers)
