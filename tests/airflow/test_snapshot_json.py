from __future__ import annotations

import pytest

from atlas_backups.airflow.snapshot_json import summary


def test_summary_is_one_line_of_known_fields() -> None:
    known = {
        "snapshot_id": "6a79468a2c88faeba59de489",
        "cluster_name": "Cluster0",
        "status": "completed",
        "requested_at": "2026-11-24T12:00:00Z",
        "mongod_version": "8.0.29",
        "members": [{}, {}],
    }

    assert summary(known) == (
        "Snapshot 6a79468a2c88faeba59de489 of cluster Cluster0: completed "
        "(requested 2026-11-24T12:00:00Z, MongoDB 8.0.29, 2 parts)"
    )


@pytest.mark.parametrize(
    ("count", "text"), [(2048, ", 2.0 KiB)"), (5 * 2**30, ", 5.0 GiB)"), (10**400, ", over")]
)
def test_summary_formats_size(count: int, text: str) -> None:
    assert text in summary({"storage_size_bytes": count})
