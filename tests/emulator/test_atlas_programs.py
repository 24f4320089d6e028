"""Request sequences of the Atlas CLI and of the Terraform provider.

Each request has the version of its resource, as sent by their Go SDK, and each response is checked
for the fields that the programs decode.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Api, Reply

SNAPSHOTS = "application/vnd.atlas.2023-01-01+json"
CLUSTERS = "application/vnd.atlas.2024-08-05+json"
FLEX_SNAPSHOTS = "application/vnd.atlas.2024-11-13+json"
PAGE = "?includeCount=true&itemsPerPage=100&pageNum=1"
NOT_FLEX = "CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API"
ON = {"replica set": "Cluster0", "sharded": "Sharded0"}

# Types of the Go SDK's fields; any other type fails the command.
KINDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "status": str,
    "snapshotType": str,
    "frequencyType": str,
    "description": str,
    "mongodVersion": str,
    "cloudProvider": str,
    "replicaSetName": str,
    "type": str,
    "storageSizeBytes": int,
    "copyRegions": list,
    "policyItems": list,
    "members": list,
    "snapshotIds": list,
    "links": list,
    "mongoDBVersion": str,
}
TIMES = ("createdAt", "expiresAt", "expiration", "finishTime", "scheduledTime", "startTime")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def decoded(reply: Reply) -> dict[str, Any]:
    """Return the snapshot of a successful response, with the field types of the SDK."""
    assert reply.status == 200, reply
    return checked(reply.json())


def checked(view: dict[str, Any]) -> dict[str, Any]:
    for name, kind in KINDS.items():
        assert isinstance(view.get(name, kind()), kind), name  # type: ignore[operator]
    for name in TIMES:
        assert _TIME.fullmatch(view.get(name, "2026-09-01T00:00:00Z")), name
    return view


@dataclass
class Program:
    """Sends requests like the SDK, with a token of the service account."""

    api: Api
    token: str

    def ask(
        self, method: str, path: str, version: str, body: dict[str, Any] | None = None
    ) -> Reply:
        headers = {
            "Accept": version,
            "Authorization": f"Bearer {self.token}",
            "Content-Type": None if body is None else version,
            "User-Agent": "go-atlas-sdk/v20250312",
        }
        data = None if body is None else json.dumps(body).encode()
        group = f"/api/atlas/v2/groups/{self.api.emulator.group_id}"
        return self.api.send(method, f"{group}/{path}", data, headers)

    def snapshots(self, method: str, cluster: str, tail: str = "") -> Reply:
        return self.ask(method, f"clusters/{cluster}/backup/snapshots{tail}", SNAPSHOTS)

    def flex(self, cluster: str, tail: str = "") -> Reply:
        return self.ask("GET", f"flexClusters/{cluster}/backup/snapshots{tail}", FLEX_SNAPSHOTS)

    def take(self, cluster: str) -> str:
        body = {"description": "before release", "retentionInDays": 1}
        path = f"clusters/{cluster}/backup/snapshots"
        taken = decoded(self.ask("POST", path, SNAPSHOTS, body))
        assert (taken["status"], taken["description"]) == ("queued", "before release")
        snapshot_id: str = taken["id"]
        return snapshot_id

    def until_final(self, read: Callable[[], Reply]) -> list[str]:
        """Poll like both programs; return the observed statuses."""
        seen: list[str] = []
        for _ in range(10):
            seen.append(decoded(read())["status"])
            if seen[-1] in {"completed", "failed"}:
                return seen
            self.api.clock.advance(60)
        raise AssertionError(seen)


@pytest.fixture
def program(api: Api) -> Iterator[Program]:
    yield Program(api, api.token().json()["access_token"])
    assert api.emulator.failures == ()


def test_cli_caches_token_with_readable_expiry(api: Api) -> None:
    issued = api.token().json()

    claims = issued["access_token"].split(".")[1]
    end = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]

    assert issued["token_type"] == "Bearer"
    assert end - api.clock.now() == issued["expires_in"]


def test_cli_authenticates_with_api_key(api: Api) -> None:
    assert api.digest(api.challenge(), uri=api.path(PAGE)).status == 200


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_creates_watches_updates_and_deletes(program: Program, cluster: str) -> None:
    snapshot_id = program.take(cluster)
    one = f"/{snapshot_id}"
    # The CLI reads as a flex cluster first. After any other error, such as 404, `watch` exits
    # with 0 without watching.
    for tail in (PAGE, one):
        probe = program.flex(cluster, tail)
        assert (probe.status, probe.code) == (400, NOT_FLEX)
    page = program.snapshots("GET", cluster, PAGE).json()
    assert page["results"][0]["id"] == snapshot_id
    assert page["totalCount"] == len([checked(view) for view in page["results"]])

    seen = program.until_final(lambda: program.snapshots("GET", cluster, one))
    assert (seen[0], seen[-1]) == ("queued", "completed")

    before = decoded(program.snapshots("GET", cluster, one))
    path = f"clusters/{cluster}/backup/snapshots/{snapshot_id}"
    body = {"retentionUnit": "DAYS", "retentionValue": 8}
    after = decoded(program.ask("PATCH", path, SNAPSHOTS, body))
    assert moment(after["expiresAt"]) - moment(before["expiresAt"]) == timedelta(days=7)

    deleted = program.snapshots("DELETE", cluster, one)
    again = program.snapshots("DELETE", cluster, one)
    assert (deleted.status, deleted.body) == (204, b"")
    assert (again.status, again.code) == (404, "SNAPSHOT_NOT_FOUND")


def test_cli_lists_and_describes_flex_snapshots(program: Program) -> None:
    page = program.flex("Flex0", PAGE).json()
    unknown = program.flex("Nobody0", PAGE)

    assert page["totalCount"] == 3
    for view in map(checked, page["results"]):
        assert view["status"] == "COMPLETED"
        assert {"startTime", "finishTime", "expiration", "mongoDBVersion"} <= view.keys()
        assert decoded(program.flex("Flex0", f"/{view['id']}")) == view
    assert (unknown.status, unknown.code) == (404, "CLUSTER_NOT_FOUND")


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_terraform_applies_lists_and_destroys(program: Program, cluster: str) -> None:
    is_sharded = cluster == ON["sharded"]
    state = program.ask("GET", f"clusters/{cluster}", CLUSTERS).json()
    schedule = program.ask("GET", f"clusters/{cluster}/backup/schedule", CLUSTERS).json()
    assert state["stateName"] == "IDLE"
    assert schedule["policies"][0]["policyItems"][0]["retentionUnit"] == "days"
    snapshot_id = program.take(cluster)
    one = f"/{snapshot_id}"
    early = program.snapshots("DELETE", cluster, one)
    assert (early.status, early.code) == (400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT")
    seen = program.until_final(lambda: program.snapshots("GET", cluster, one))
    assert seen[-1] == "completed"

    # Twice: after creation, and for the empty plan.
    plans = [refreshed(program, cluster, snapshot_id) for _ in range(2)]
    assert plans[0] == plans[1]
    assert plans[0]["description"] == "before release"
    assert plans[0]["type"] == ("shardedCluster" if is_sharded else "replicaSet")
    assert len(plans[0]["members"]) == len(plans[0]["snapshotIds"]) == (3 if is_sharded else 0)

    plain = program.snapshots("GET", cluster, PAGE).json()
    sharded = program.snapshots("GET", cluster, "/shardedClusters").json()
    # It adds the members of snapshots in both lists.
    ids = {view["id"] for view in plain["results"]}
    assert [view["id"] in ids for view in sharded["results"]] == [True, True] * is_sharded

    assert program.snapshots("DELETE", cluster, one).status == 204
    assert program.snapshots("GET", cluster, one).code == "SNAPSHOT_NOT_FOUND"


@pytest.mark.parametrize("tail", ["containers?providerName=AWS", "teams" + PAGE])
def test_terraform_reads_related_resources(program: Program, tail: str) -> None:
    reply = program.ask("GET", tail, SNAPSHOTS)

    assert reply.status == 200
    assert isinstance(reply.json()["results"], list)


def refreshed(program: Program, cluster: str, snapshot_id: str) -> dict[str, Any]:
    """Read like the provider's state refresh."""
    plain = decoded(program.snapshots("GET", cluster, f"/{snapshot_id}"))
    sharded = decoded(program.snapshots("GET", cluster, f"/shardedCluster/{snapshot_id}"))
    return {**plain, "members": sharded["members"], "snapshotIds": sharded["snapshotIds"]}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
