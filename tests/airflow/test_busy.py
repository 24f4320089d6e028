"""A cluster that has an unfinished on-criteria snapshot already."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, InvalidArgumentError, Snapshot
from atlas_backups.airflow import AtlasTakeSnapshotOperator

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab


@pytest.fixture
def other(lab: Lab) -> Snapshot:
    """A snapshot of another caller, which takes a second."""
    lab.emulator.next_snapshot(seconds=1.0)
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        return atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name)


def run_take(lab: Lab, **options: Any) -> Any:
    with lab.dag() as dag:
        AtlasTakeSnapshotOperator(
            task_id="take",
            group_id=lab.emulator.group_id,
            cluster_name=lab.emulator.cluster_name,
            **options,
        )
    return lab.run(dag)


def test_busy_cluster_with_wait_defers_until_other_snapshot_ends(lab: Lab, other: Snapshot) -> None:
    run = run_take(lab, if_busy="wait", deferrable=True)

    assert run.state == "success"
    assert [snapshot.status for snapshot in lab.taken()] == ["completed", "completed"]
    assert run.xcom("take", "snapshot_id") != other.id
    # The task was deferred twice: for the other snapshot, and for its own.
    waiting = [r for r in lab.emulator.requests if r.method == "POST" and "/snap" in r.path]
    assert len(waiting) == 3  # the other one, a rejected one, its own


def test_busy_cluster_with_wait_takes_snapshot_after_other_fails(lab: Lab) -> None:
    lab.emulator.next_snapshot(seconds=1.0, fails=True)
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name)

    run = run_take(lab, if_busy="wait", deferrable=True)

    assert run.state == "success"
    assert [snapshot.status for snapshot in lab.taken()] == ["failed", "completed"]


def test_busy_cluster_with_wait_blocks_without_deferrable(lab: Lab, other: Snapshot) -> None:
    run = run_take(lab, if_busy="wait", deferrable=False)

    assert run.state == "success"
    assert run.xcom("take", "snapshot_id") != other.id


def test_busy_cluster_with_wait_fails_after_timeout(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.1)
    lab.emulator.next_snapshot(never_ends=True)
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name)

    run = run_take(lab, if_busy="wait", deferrable=True, timeout=1.0)

    assert run.state == "failed"
    assert len(lab.taken()) == 1
    assert "the timeout of the task is 1 s" in log()


def test_busy_cluster_with_raise_fails_try_and_retries(lab: Lab, other: Snapshot) -> None:
    run = run_take(lab, retries=100)

    assert run.state == "success"
    assert run.task("take").try_number > 1
    assert run.xcom("take", "snapshot_id") != other.id
    assert len(lab.taken()) == 2


def test_busy_cluster_with_join_returns_other_snapshot(lab: Lab, other: Snapshot) -> None:
    run = run_take(lab, if_busy="join", deferrable=True)

    assert run.xcom("take")["snapshot_id"] == other.id
    assert run.xcom("take")["status"] == "completed"
    assert len(lab.taken()) == 1


def test_join_with_idempotency_key_is_rejected() -> None:
    with pytest.raises(InvalidArgumentError, match="takes no idempotency_key"):
        AtlasTakeSnapshotOperator(
            task_id="take", group_id="g", cluster_name="c", if_busy="join", idempotency_key="k"
        )
