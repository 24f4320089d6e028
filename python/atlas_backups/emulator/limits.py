"""Token buckets, one for each project and resource."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import Refusal, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from .options import Limits, RateLimit

_ROUNDING = 1e-9
# Resources that take from the bucket of another one.
_SHARED = {"schedules": "snapshots"}


@dataclass
class _Bucket:
    limit: RateLimit
    level: float
    filled_at: float

    def refill(self, now: float) -> None:
        passed = max(0.0, now - self.filled_at)
        periods = passed / self.limit.period_seconds
        if self.limit.at_once:
            periods = math.floor(periods)
        self.level = min(self.limit.capacity, self.level + periods * self.limit.refill)
        self.filled_at += periods * self.limit.period_seconds if self.limit.at_once else passed

    def wait(self) -> float:
        if self.limit.at_once:
            return self.limit.period_seconds
        return (1.0 - self.level) * self.limit.period_seconds / self.limit.refill


class RateLimiter:
    """Counts requests and refuses too many. Not locked: the service does that.

    Args:
        limits: Gives the present limits; a changed one begins with a full bucket.
    """

    def __init__(self, limits: Callable[[], Limits]) -> None:
        self._limits = limits
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def count(self, resource: str, owner: str, endpoint: str, now: float) -> dict[str, str]:
        """Take one request out of a bucket and return the headers that tell of it.

        Args:
            resource: What the request is about.
            owner: The project, or the credential where there is none.
            endpoint: Path of the operation, for the message.
            now: The time, in seconds since the epoch.

        Raises:
            Refusal: 429, the bucket is empty.
        """
        limits = self._limits()
        resource = _SHARED.get(resource, resource)
        limit = {
            "snapshots": limits.snapshots,
            "clusters": limits.clusters,
            "projects": limits.projects,
            "flexClusters": limits.flex,
            "flexSnapshots": limits.flex,
            "flexRestoreJobs": limits.flex,
        }.get(resource)
        if limit is None:
            return {}
        bucket = self._buckets.get((resource, owner))
        if bucket is None or bucket.limit != limit:
            bucket = _Bucket(limit, limit.capacity, now)
            self._buckets[resource, owner] = bucket
        bucket.refill(now)
        if bucket.level < 1.0 - _ROUNDING:
            raise self._refusal(bucket, endpoint, retry_after=limits.retry_after)
        bucket.level = max(0.0, bucket.level - 1.0)
        return _headers(bucket)

    def _refusal(self, bucket: _Bucket, endpoint: str, *, retry_after: bool) -> Refusal:
        limit = bucket.limit
        wait = max(1, math.ceil(bucket.wait()))
        period = limit.period_seconds
        whole = int(period) if period == int(period) else period
        detail = (
            f"Resource {endpoint} is limited to {limit.capacity} requests, "
            f"with {limit.refill} more every {whole} seconds. Try again in {wait} seconds."
        )
        headers = _headers(bucket)
        if retry_after:
            headers["Retry-After"] = str(wait)
        parameters: list[Scalar] = [endpoint, wait, limit.capacity, limit.refill, whole]
        return Refusal(429, "RATE_LIMITED", detail, parameters, headers=headers)


def _headers(bucket: _Bucket) -> dict[str, str]:
    return {
        "Ratelimit-Limit": str(bucket.limit.capacity),
        "Ratelimit-Remaining": str(math.floor(bucket.level + _ROUNDING)),
    }
