"""Data frames have constant columns and types."""

# ruff: noqa: ANN401  # frames of two libraries
from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pandas as pd
import polars as pl
import pytest

from atlas_backups import (
    Cluster,
    ClusterCoverage,
    ClusterNotFoundError,
    Coverage,
    ReplicaSetSnapshot,
    ShardedClusterSnapshot,
    Snapshot,
    SnapshotList,
    SnapshotMember,
)
from atlas_backups._immutable import FrozenDict
from atlas_backups._plain import plain

FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc)
NOW = datetime(2026, 11, 24, 12, 0, 0, 1, tzinfo=timezone.utc)
HOSTILE = '<script>alert("\0")</script>\u202eم,\n;"\'=1+1'
WHERE: dict[str, Any] = {"group_id": "6" * 24, "cluster_name": "Cluster0"}
BARE = Snapshot(id="6a79468a2c88faeba59de489", **WHERE)
ODD = ReplicaSetSnapshot(
    id="ffffffff2c88faeba59de489",
    type=HOSTILE,
    status="tomorrow",
    description=HOSTILE,
    created_at=FIRST,
    expires_at=LAST,
    storage_size_bytes=2**63,
    copy_regions=(HOSTILE, ""),
    extra=FrozenDict({HOSTILE: [10**40, None]}),
    **WHERE,
)
SHARDED = ShardedClusterSnapshot(
    id="6a79468a2c88faeba59de48a",
    type="shardedCluster",
    status="completed",
    created_at=NOW,
    storage_size_bytes=2**62 + 1,
    members=(SnapshotMember(id="6" * 24, replica_set_name=HOSTILE), SnapshotMember()),
    snapshot_ids=("6" * 24,),
    **WHERE,
)
ERROR = ClusterNotFoundError(HOSTILE)
COVERAGE = Coverage(
    (
        ClusterCoverage(group_id="6" * 24, taken_at=LAST, error=ERROR),
        ClusterCoverage(
            group_id="6" * 24,
            project_name=HOSTILE,
            cluster=Cluster(name="Cluster0", group_id="6" * 24, backup_enabled=True),
            newest=SHARDED,
            running=(BARE,),
            failed=ODD,
            on_demand_times=(NOW, FIRST),
            taken_at=LAST,
        ),
    ),
    taken_at=LAST,
)
LISTS = [SnapshotList(), SnapshotList([BARE]), SnapshotList([ODD, SHARDED, BARE])]
COVERAGES = [Coverage(taken_at=NOW), COVERAGE[:1], COVERAGE]
results = pytest.mark.parametrize("results", [LISTS, COVERAGES], ids=["list", "coverage"])
USUAL = SnapshotList([SHARDED, BARE])


def test_pandas_columns_have_their_types() -> None:
    dtypes = {name: str(dtype) for name, dtype in USUAL.to_pandas().dtypes.items()}
    of_coverage = {name: str(dtype) for name, dtype in COVERAGE.to_pandas().dtypes.items()}

    assert dtypes["created_at"] == dtypes["requested_at"] == "datetime64[us, UTC]"
    assert dtypes["storage_size_bytes"] == "Int64"
    assert dtypes["status"] == dtypes["cloud_provider"] == "category"
    assert dtypes["description"] == dtypes["extra"] == "string"
    assert dtypes["members"] == dtypes["copy_regions"] == "object"
    assert of_coverage["age_seconds"] == "Float64"
    assert of_coverage["backup_enabled"] == "boolean"


def test_polars_columns_have_their_types() -> None:
    schema = USUAL.to_polars().schema
    of_coverage = COVERAGE.to_polars().schema
    member = pl.Struct(dict.fromkeys(["id", "cloud_provider", "replica_set_name"], pl.String))

    assert schema["created_at"] == schema["requested_at"] == pl.Datetime("us", "UTC")
    assert schema["storage_size_bytes"] == pl.Int64
    assert schema["status"] == schema["cloud_provider"] == pl.Categorical
    assert schema["description"] == schema["extra"] == pl.String
    assert schema["members"] == pl.List(member)
    assert of_coverage["age_seconds"] == pl.Float64
    assert of_coverage["backup_enabled"] == pl.Boolean
    assert of_coverage["on_demand_times"] == pl.List(pl.Datetime("us", "UTC"))


@results
def test_columns_are_constant(results: list[Any]) -> None:
    schema = results[-1].to_polars().schema

    for result in results:
        assert result.to_polars().schema == schema
        assert list(result.to_pandas().columns) == list(schema)
        assert len(result.to_pandas()) == len(result.to_polars()) == len(result)


def test_empty_list_has_the_same_types() -> None:
    assert SnapshotList().to_pandas().dtypes.equals(USUAL.to_pandas().dtypes)
    assert COVERAGES[0].to_pandas().dtypes.equals(COVERAGE.to_pandas().dtypes)


def test_unknown_labels_follow_known_ones() -> None:
    status = LISTS[-1].to_pandas()["status"].cat.categories

    assert list(status) == ["queued", "inProgress", "completed", "failed", "tomorrow"]


def values(frame: Any) -> list[dict[str, Any]]:
    """The rows, what is missing as None."""
    if isinstance(frame, pl.DataFrame):
        return frame.to_dicts()
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_values_are_unchanged(library: str) -> None:
    odd, sharded, bare = values(getattr(LISTS[-1], f"to_{library}")())

    for snapshot, row in ((odd, ODD), (sharded, SHARDED), (bare, BARE)):
        for name in ("id", "status", "type", "description", "created_at", "requested_at"):
            assert snapshot[name] == getattr(row, name), name
    assert odd["expires_at"] == LAST
    assert odd["copy_regions"] == [HOSTILE, ""]
    assert json.loads(odd["extra"]) == {HOSTILE: [10**40, None]}
    assert sharded["storage_size_bytes"] == 2**62 + 1
    assert sharded["members"][0]["replica_set_name"] == HOSTILE
    assert sharded["members"][1] == dict.fromkeys(["id", "cloud_provider", "replica_set_name"])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_unknown_labels_of_a_coverage_are_unchanged(library: str) -> None:
    cluster = Cluster(name="Cluster0", group_id="6" * 24, cluster_type=HOSTILE)
    newest = replace(SHARDED, snapshot_type="")
    entry = replace(COVERAGE[1], cluster=cluster, newest=newest)

    (row,) = values(getattr(Coverage([entry], taken_at=LAST), f"to_{library}")())

    assert (row["cluster_type"], row["newest_type"]) == (HOSTILE, "")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_missing_values_are_null(library: str) -> None:
    odd, sharded, bare = values(getattr(LISTS[-1], f"to_{library}")())

    assert odd["storage_size_bytes"] is None  # beyond 64 bits
    assert (odd["members"], sharded["copy_regions"]) == (None, None)  # of the other kind
    assert (sharded["policy_items"], sharded["extra"]) == ([], None)
    given = {name for name, value in bare.items() if value is not None}
    assert given == {"id", "requested_at", "group_id", "cluster_name", "policy_items"}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_coverage_rows_are_its_dicts(library: str) -> None:
    rows = values(getattr(COVERAGE, f"to_{library}")())

    assert plain(rows) == COVERAGE.to_dicts()
    unread, covered = rows
    assert (unread["error_type"], unread["error"]) == ("ClusterNotFoundError", HOSTILE)
    assert (unread["cluster_name"], unread["newest_id"]) == (None, None)
    assert covered["newest_size_bytes"] == 2**62 + 1
    assert covered["on_demand_times"] == [NOW, FIRST]
    assert (covered["running_ids"], covered["failed_id"]) == ([BARE.id], ODD.id)


def test_frames_support_grouping() -> None:
    pandas, polars = LISTS[-1].to_pandas(), COVERAGE.to_polars()

    assert pandas.groupby("status", observed=True).size().to_dict() == {
        "completed": 1,
        "tomorrow": 1,
    }
    assert pandas["created_at"].max() == pd.Timestamp(NOW)
    file = io.BytesIO()
    polars.write_parquet(file)
    file.seek(0)
    assert pl.read_parquet(file).equals(polars)


@results
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_missing_library_raises_and_names_the_extra(
    results: list[Any], library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ImportError, match=rf"{library}.*pip install 'atlas-backups\[notebook\]'"):
        getattr(results[-1], f"to_{library}")()
