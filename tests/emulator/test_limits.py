from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Limits, Project, RateLimit, World, default_world

if TYPE_CHECKING:
    from .conftest import Api, Reply, Run

ENDPOINT = "/api/atlas/v2/groups/{groupId}/clusters/{clusterName}/backup/snapshots"
SMALL = RateLimit(capacity=3, refill=2, period_seconds=60)


def remaining(reply: Reply) -> int:
    return int(reply.headers["ratelimit-remaining"])


def test_each_call_takes_one_token(api: Api) -> None:
    replies = [api.get(), api.take(), api.get("/shardedClusters", "Sharded0")]

    assert [remaining(reply) for reply in replies] == [1199, 1198, 1197]
    assert {reply.headers["ratelimit-limit"] for reply in replies} == {"1200"}


def test_rejected_call_takes_one_token(api: Api) -> None:
    api.take(retentionInDays=0)

    assert remaining(api.get()) == 1198


def test_clusters_have_own_bucket(api: Api) -> None:
    api.get()

    reply = api.send("GET", api.cluster_path())

    assert (reply.headers["ratelimit-limit"], remaining(reply)) == ("10000", 9999)


@pytest.mark.parametrize("path", ["", "/byName/Emulated", "/{}"])
def test_projects_have_rate_limit_headers(api: Api, path: str) -> None:
    path = "/api/atlas/v2/groups" + path.format(api.emulator.group_id)

    replies = [api.send("GET", path) for _ in range(2)]

    assert [reply.headers["ratelimit-limit"] for reply in replies] == ["1200"] * 2
    assert [reply.headers["ratelimit-remaining"] for reply in replies] == ["1199", "1198"]


def test_project_lists_have_bucket_per_credential(run: Run) -> None:
    api = run(limits=Limits(projects=SMALL))
    token = api.token().json()["access_token"]

    statuses = [api.send("GET", "/api/atlas/v2/groups").status for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert api.with_token(token, "/api/atlas/v2/groups").status == 200


def test_schedule_uses_bucket_of_snapshots(run: Run) -> None:
    api = run(limits=Limits(snapshots=SMALL))
    path = f"{api.cluster_path()}/backup/schedule"

    first = api.send("GET", path).headers["ratelimit-remaining"]
    second = api.get().headers["ratelimit-remaining"]

    assert (first, second) == ("2", "1")


def test_empty_bucket_responds_with_429(run: Run) -> None:
    api = run(limits=Limits(snapshots=SMALL))

    statuses = [api.get().status for _ in range(3)]
    rejected = api.get()

    assert statuses == [200] * 3
    assert (rejected.status, rejected.code) == (429, "RATE_LIMITED")
    assert rejected.json()["parameters"] == [ENDPOINT, 30, 3, 2, 60]
    assert rejected.headers["retry-after"] == "30"
    assert rejected.headers["ratelimit-limit"] == "3"
    assert remaining(rejected) == 0


def test_rate_limited_take_has_no_effect(run: Run) -> None:
    api = run(limits=Limits(snapshots=RateLimit(capacity=1, refill=1)))
    before = len(api.emulator.snapshots)
    api.get()

    assert api.take().status == 429
    assert len(api.emulator.snapshots) == before


def test_retry_after_is_sufficient(run: Run) -> None:
    api = run(limits=Limits(snapshots=SMALL))
    for _ in range(3):
        api.get()

    wait = int(api.get().headers["retry-after"])
    api.clock.advance(wait - 1)
    early = api.get()
    api.clock.advance(1)

    assert early.status == 429
    assert api.get().status == 200


def test_bucket_is_limited_to_capacity(run: Run) -> None:
    api = run(limits=Limits(snapshots=SMALL))
    api.clock.advance(10_000)

    assert remaining(api.get()) == 2


def test_bucket_with_at_once_refills_each_period(run: Run) -> None:
    limit = RateLimit(capacity=3, refill=2, period_seconds=60, at_once=True)
    api = run(limits=Limits(snapshots=limit))
    for _ in range(3):
        api.get()

    api.clock.advance(59)
    early = api.get()
    api.clock.advance(1)
    after = api.get()

    assert early.status == 429
    assert (after.status, remaining(after)) == (200, 1)


def test_faster_shortens_period(run: Run) -> None:
    api = run(limits=Limits(snapshots=SMALL.faster(10)))
    for _ in range(3):
        api.get()

    rejected = api.get()
    api.clock.advance(3)

    assert rejected.json()["parameters"] == [ENDPOINT, 3, 3, 2, 6]
    assert api.get().status == 200


def test_retry_after_can_be_disabled(run: Run) -> None:
    api = run(limits=Limits(snapshots=SMALL, retry_after=False, token_requests_per_minute=0))
    for _ in range(3):
        api.get()

    assert "retry-after" not in api.get().headers
    assert "retry-after" not in api.token().headers


def test_no_limit_has_no_headers(run: Run) -> None:
    api = run(limits=Limits(snapshots=None))

    assert "ratelimit-limit" not in api.get().headers


def test_limits_can_be_changed_at_runtime(api: Api) -> None:
    api.get()

    api.emulator.limits = Limits(snapshots=SMALL)

    assert remaining(api.get()) == 2


def test_each_project_has_own_bucket(run: Run) -> None:
    (first, second) = default_world().projects
    other = Project(name=second.name, id=second.id, clusters=first.clusters)
    api = run(world=World(projects=(first, other)))

    api.get()
    path = f"{api.cluster_path(group_id=other.id)}/backup/snapshots"

    assert remaining(api.send("GET", path)) == 1199


@pytest.mark.parametrize(
    ("capacity", "refill", "period"), [(0, 1, 1.0), (1, 0, 1.0), (1, 1, 0.0), (1, 1, float("inf"))]
)
def test_invalid_limit_is_rejected(capacity: int, refill: int, period: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        RateLimit(capacity=capacity, refill=refill, period_seconds=period)
