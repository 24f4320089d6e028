"""Request sequences of the Atlas CLI and of the Terraform provider.

Each operation asks for the version of its own resource, as the Go SDK below both programs does, and
each answer is checked for what the program decodes and decides by.
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

    def finished(self, cluster: str) -> str:
        snapshot_id = self.take(cluster)
        self.api.clock.advance(200)
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
    granted = api.token().json()

    claims = granted["access_token"].split(".")[1]
    end = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]

    assert granted["token_type"] == "Bearer"
    assert end - api.clock.now() == granted["expires_in"]


def test_cli_authenticates_with_api_key(api: Api) -> None:
    assert api.digest(api.challenge(), uri=api.path(PAGE)).status == 200


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_create(program: Program, cluster: str) -> None:
    assert re.fullmatch(r"[a-f0-9]{24}", program.take(cluster))


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_list(program: Program, cluster: str) -> None:
    snapshot_id = program.take(cluster)

    first = program.flex(cluster, PAGE)
    second = program.snapshots("GET", cluster, PAGE)

    assert (first.status, first.code) == (400, NOT_FLEX)
    page = second.json()
    assert page["results"][0]["id"] == snapshot_id
    assert page["totalCount"] == len([checked(view) for view in page["results"]])


def test_cli_list_flex_cluster(program: Program) -> None:
    page = program.flex("Flex0", PAGE).json()

    assert page["totalCount"] == 3
    for view in map(checked, page["results"]):
        assert view["status"] == "COMPLETED"
        assert {"startTime", "finishTime", "expiration", "mongoDBVersion"} <= view.keys()


def test_cli_list_unknown_cluster(program: Program) -> None:
    assert (program.flex("Nobody0", PAGE).status, program.flex("Nobody0").code) == (
        404,
        "CLUSTER_NOT_FOUND",
    )


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_describe(program: Program, cluster: str) -> None:
    snapshot_id = program.take(cluster)

    first = program.flex(cluster, f"/{snapshot_id}")
    second = decoded(program.snapshots("GET", cluster, f"/{snapshot_id}"))

    assert (first.status, first.code) == (400, NOT_FLEX)
    assert second["id"] == snapshot_id


def test_cli_describe_flex_cluster(program: Program) -> None:
    snapshot_id = program.flex("Flex0", PAGE).json()["results"][0]["id"]

    assert decoded(program.flex("Flex0", f"/{snapshot_id}"))["id"] == snapshot_id


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_watch(program: Program, cluster: str) -> None:
    snapshot_id = program.take(cluster)

    first = program.flex(cluster, f"/{snapshot_id}")
    seen = program.until_final(lambda: program.snapshots("GET", cluster, f"/{snapshot_id}"))

    # After any other error, such as 404, it exits with 0 without watching.
    assert (first.status, first.code) == (400, NOT_FLEX)
    assert (seen[0], seen[-1]) == ("queued", "completed")


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_delete(program: Program, cluster: str) -> None:
    snapshot_id = program.finished(cluster)

    reply = program.snapshots("DELETE", cluster, f"/{snapshot_id}")

    assert (reply.status, reply.body) == (204, b"")
    again = program.snapshots("DELETE", cluster, f"/{snapshot_id}")
    assert (again.status, again.code) == (404, "SNAPSHOT_NOT_FOUND")


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_api_updates_retention(program: Program, cluster: str) -> None:
    snapshot_id = program.finished(cluster)
    before = decoded(program.snapshots("GET", cluster, f"/{snapshot_id}"))

    path = f"clusters/{cluster}/backup/snapshots/{snapshot_id}"
    body = {"retentionUnit": "DAYS", "retentionValue": 8}
    after = decoded(program.ask("PATCH", path, SNAPSHOTS, body))

    moved = moment(after["expiresAt"]) - moment(before["expiresAt"])
    assert moved == timedelta(days=7)


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_cli_describe_schedule(program: Program, cluster: str) -> None:
    reply = program.ask("GET", f"clusters/{cluster}/backup/schedule", CLUSTERS)

    assert reply.json()["policies"][0]["policyItems"][0]["retentionUnit"] == "days"


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_terraform_apply_and_destroy(program: Program, cluster: str) -> None:
    state = program.ask("GET", f"clusters/{cluster}", CLUSTERS).json()
    assert state["stateName"] == "IDLE"
    snapshot_id = program.take(cluster)
    seen = program.until_final(lambda: program.snapshots("GET", cluster, f"/{snapshot_id}"))
    assert seen[-1] == "completed"

    # Twice: after creation, and for the empty plan.
    plans = [refreshed(program, cluster, snapshot_id) for _ in range(2)]
    assert plans[0] == plans[1]
    kind = "shardedCluster" if cluster == ON["sharded"] else "replicaSet"
    assert plans[0]["type"] == kind
    assert len(plans[0]["members"]) == len(plans[0]["snapshotIds"])
    assert len(plans[0]["members"]) == (3 if cluster == ON["sharded"] else 0)

    assert program.snapshots("DELETE", cluster, f"/{snapshot_id}").status == 204
    gone = program.snapshots("GET", cluster, f"/{snapshot_id}")
    assert (gone.status, gone.code) == (404, "SNAPSHOT_NOT_FOUND")


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_terraform_import(program: Program, cluster: str) -> None:
    snapshot_id = program.finished(cluster)

    imported = decoded(program.snapshots("GET", cluster, f"/{snapshot_id}"))

    assert imported["description"] == "before release"
    assert refreshed(program, cluster, snapshot_id)["id"] == snapshot_id


@pytest.mark.parametrize("cluster", ON.values(), ids=ON)
def test_terraform_list(program: Program, cluster: str) -> None:
    snapshot_id = program.finished(cluster)

    plain = program.snapshots("GET", cluster, PAGE).json()
    sharded = program.snapshots("GET", cluster, "/shardedClusters")

    assert plain["results"][0]["id"] == snapshot_id
    assert plain["totalCount"] == len([checked(view) for view in plain["results"]])
    assert sharded.status == 200
    # It adds the members of snapshots in both lists.
    ids = {view["id"] for view in plain["results"]}
    found = [view["id"] in ids for view in sharded.json()["results"]]
    assert found == [True, True] * (cluster == ON["sharded"])


def test_terraform_times_out(program: Program, api: Api) -> None:
    api.emulator.next_snapshot(never_ends=True)
    snapshot_id = program.take("Cluster0")

    reply = program.snapshots("DELETE", "Cluster0", f"/{snapshot_id}")

    assert (reply.status, reply.code) == (400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT")


@pytest.mark.parametrize("tail", ["containers?providerName=AWS", "teams" + PAGE])
def test_terraform_reads_related_resources(program: Program, tail: str) -> None:
    reply = program.ask("GET", tail, SNAPSHOTS)

    assert reply.status == 200
    assert isinstance(reply.json()["results"], list)


def test_project_limits_are_read(api: Api, program: Program) -> None:
    headers = {"Accept": SNAPSHOTS, "Authorization": f"Bearer {program.token}"}

    listed = api.send("GET", f"/api/atlas/v2/groups{PAGE}", headers=headers)
    one = api.send("GET", f"/api/atlas/v2/groups/{api.emulator.group_id}", headers=headers)

    assert {"ratelimit-limit", "ratelimit-remaining"} <= listed.headers.keys()
    assert {"ratelimit-limit", "ratelimit-remaining"} <= one.headers.keys()
    assert listed.json()["results"][0] == one.json()


def refreshed(program: Program, cluster: str, snapshot_id: str) -> dict[str, Any]:
    """Read like the provider's state refresh."""
    plain = decoded(program.snapshots("GET", cluster, f"/{snapshot_id}"))
    sharded = decoded(program.snapshots("GET", cluster, f"/shardedCluster/{snapshot_id}"))
    return {**plain, "members": sharded["members"], "snapshotIds": sharded["snapshotIds"]}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
