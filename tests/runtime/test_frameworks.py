"""Frameworks that read signatures and encode results: pydantic, FastAPI, typer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import typer
from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError, validate_call
from typer.testing import CliRunner

import atlas_backups
from atlas_backups import (
    AtlasBackups,
    Cluster,
    ClusterCoverage,
    Coverage,
    Headers,
    Project,
    RateLimitError,
    RawResponse,
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    Snapshot,
    SnapshotList,
    SnapshotMember,
    SnapshotOutcome,
    SnapshotOutcomes,
    SnapshotRequest,
)
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator

NOW = datetime(2026, 12, 1, 1, 2, 3, tzinfo=timezone.utc)
REPLICA_SET = ReplicaSetSnapshot(
    id="6" * 24,
    type="replicaSet",
    created_at=NOW,
    replica_set_name="atlas-shard-0",
    extra={"new": [1, None]},
    group_id=GROUP_ID,
    cluster_name=CLUSTER_NAME,
)
SHARDED = ShardedClusterSnapshot(
    id="7" * 24,
    type="shardedCluster",
    members=(SnapshotMember(id="8" * 24),),
    group_id=GROUP_ID,
    cluster_name=CLUSTER_NAME,
)
UNKNOWN = Snapshot(id="9" * 24, type="newKind", group_id=GROUP_ID, cluster_name=CLUSTER_NAME)
SNAPSHOTS = SnapshotList([REPLICA_SET, SHARDED, UNKNOWN])
ERROR = RateLimitError("slow down", status=429, retry_after=3.0)
REQUEST = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)
OUTCOMES = SnapshotOutcomes(
    [
        SnapshotOutcome(request=REQUEST, snapshot=REPLICA_SET),
        SnapshotOutcome(request=REQUEST, error=ERROR),
    ]
)
COVERAGE = Coverage(
    [
        ClusterCoverage(group_id=GROUP_ID, taken_at=NOW, error=ERROR),
        ClusterCoverage(
            group_id=GROUP_ID,
            taken_at=NOW,
            newest=REPLICA_SET,
            cluster=Cluster(name=CLUSTER_NAME, group_id=GROUP_ID),
        ),
    ],
    taken_at=NOW,
)
SEQUENCES = [SNAPSHOTS, OUTCOMES, COVERAGE]
RAW = RawResponse(status=200, headers=Headers({"Content-Type": "application/json"}), text="{}")
PROJECT = Project(id=GROUP_ID, name="Billing", created=NOW)
RECORDS = [*SNAPSHOTS, *OUTCOMES, *COVERAGE, RAW, PROJECT]
METHODS = [name for name in dir(AtlasBackups) if not name.startswith("_")]


def name_of(value: object) -> str:
    return type(value).__name__


def adapter_of(value: object) -> TypeAdapter[Any]:
    return TypeAdapter[Any](type(value))


async def get(app: FastAPI, path: str) -> tuple[int, Any]:
    """Ask an ASGI application for a path."""
    sent: list[Any] = []
    asked: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:  # noqa: ANN401  # a message of ASGI
        sent.append(message)

    await app(asked, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


@pytest.mark.parametrize("method", METHODS)
def test_pydantic_validate_call_accepts_every_method(atlas: AtlasBackups, method: str) -> None:
    validate_call(getattr(atlas, method))


def test_pydantic_validate_call_checks_arguments_and_returns_snapshot(atlas: AtlasBackups) -> None:
    take = validate_call(validate_return=True)(atlas.take_snapshot)

    assert take(GROUP_ID, CLUSTER_NAME, retention_in_days=3).status == "queued"
    with pytest.raises(ValidationError, match="retention_in_days"):
        take(GROUP_ID, CLUSTER_NAME, retention_in_days="many")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValidationError, match="if_busy"):
        take(GROUP_ID, CLUSTER_NAME, if_busy="maybe")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_typer_makes_command_of_take_snapshot(atlas: AtlasBackups, emulator: AtlasEmulator) -> None:
    app = typer.Typer()
    app.command()(atlas.take_snapshot)

    done = CliRunner().invoke(app, [GROUP_ID, CLUSTER_NAME, "--description", "from typer"])

    assert (done.exit_code, done.exception) == (0, None)
    assert "from typer" in {snapshot.description for snapshot in emulator.snapshots}


@pytest.mark.parametrize("value", RECORDS, ids=name_of)
def test_to_dict_is_what_json_and_pydantic_write(value: Any) -> None:  # noqa: ANN401  # a result
    described = value.to_dict()

    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert json.loads(adapter_of(value).dump_json(value)) == described


@pytest.mark.parametrize("value", SEQUENCES, ids=name_of)
def test_to_dicts_is_what_json_and_pydantic_write(value: Any) -> None:  # noqa: ANN401  # a list
    described = value.to_dicts()

    assert described == [item.to_dict() for item in value]
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert json.loads(adapter_of(value).dump_json(value)) == described


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=name_of)
def test_pydantic_reads_snapshot_as_its_kind(snapshot: Snapshot) -> None:
    adapter = TypeAdapter(Snapshot)

    assert adapter.validate_python(snapshot) is snapshot
    assert adapter.validate_python(snapshot.to_dict()) == snapshot
    assert adapter.validate_json(json.dumps(snapshot.to_dict())) == snapshot


def test_pydantic_reads_snapshot_list() -> None:
    adapter = TypeAdapter(SnapshotList)

    assert adapter.validate_python(SNAPSHOTS) is SNAPSHOTS
    assert adapter.validate_python(SNAPSHOTS.to_dicts()) == SNAPSHOTS
    assert adapter.validate_json(json.dumps(SNAPSHOTS.to_dicts())) == SNAPSHOTS
    with pytest.raises(ValidationError):
        adapter.validate_python([{"id": 1}])


def test_pydantic_coverage_is_written_but_not_read() -> None:
    adapter = TypeAdapter(Coverage)

    assert adapter.validate_python(COVERAGE) is COVERAGE
    with pytest.raises(ValidationError):
        adapter.validate_python(COVERAGE.to_dicts())


def test_pydantic_headers_match_in_any_case() -> None:
    read = TypeAdapter(RawResponse).validate_python(RAW.to_dict())

    assert read == RAW
    assert read.headers["CONTENT-TYPE"] == "application/json"


@pytest.mark.parametrize(
    ("model", "value"),
    [
        *((type(value), value) for value in [*RECORDS, *SEQUENCES]),
        *((Snapshot, snapshot) for snapshot in SNAPSHOTS),
    ],
)
def test_fastapi_response_model_is_encoded(
    model: type,
    value: Any,  # noqa: ANN401  # a result
) -> None:
    app = FastAPI()
    app.get("/", response_model=model)(lambda: value)

    status, body = asyncio.run(get(app, "/"))

    described = value.to_dicts() if hasattr(value, "to_dicts") else value.to_dict()
    assert (status, body) == (200, described)
    assert asyncio.run(get(app, "/openapi.json"))[0] == 200


def test_json_schema_of_snapshot_does_not_demand_exactly_one_kind() -> None:
    """A snapshot of a replica set fits the schema of a plain one too."""
    schema = TypeAdapter(Snapshot).json_schema(mode="serialization")

    assert "oneOf" not in schema
    kinds = {choice["$ref"].rpartition("/")[2] for choice in schema["anyOf"]}
    assert kinds == {"Snapshot", "ReplicaSetSnapshot", "ShardedClusterSnapshot", "FlexSnapshot"}


def test_client_and_results_do_not_import_pydantic() -> None:
    program = "import sys; from atlas_backups import *; sys.exit('pydantic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603  # our own


def test_every_sequence_of_results_is_tested_here() -> None:
    public = [getattr(atlas_backups, name) for name in atlas_backups.__all__]
    sequences = [it for it in public if isinstance(it, type) and hasattr(it, "to_dicts")]

    assert set(sequences) == {type(value) for value in SEQUENCES}
