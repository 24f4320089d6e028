"""The idempotency key of a task: stable over tries, changed by a clear."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups.airflow import AtlasTakeSnapshotOperator
from atlas_backups.airflow.idempotency import task_key
from tests.airflow.lab import is_airflow_2, session

if TYPE_CHECKING:
    from tests.airflow.lab import Lab, Run

STARTED = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=timezone.utc)


@dataclass
class Task:
    dag_id: str = "nightly"
    task_id: str = "take"
    run_id: str = "scheduled__2026-11-24"
    map_index: int | None = -1
    max_tries: int = 2
    try_number: int = 1


@dataclass
class DagRun:
    start_date: datetime | None = STARTED


def key(run: DagRun | None = None, **changed: Any) -> str:
    context: Any = {"ti": Task(**changed), "dag_run": run or DagRun()}
    return task_key(context)


def test_task_key_never_changes() -> None:
    # A task that is tried again after an upgrade has to find its snapshot.
    assert key() == "airflow:4b8737b522334d6529cad90a8b6574d0383f5dba860452429d1043fca45f930a"


@pytest.mark.parametrize(
    "changed",
    [
        {"dag_id": "weekly"},
        {"task_id": "take_again"},
        {"run_id": "scheduled__2026-11-25"},
        {"map_index": 0},
        {"max_tries": 3},
        {"run": DagRun(datetime(2026, 11, 24, 12, tzinfo=timezone.utc))},
        {"run": DagRun(None)},
    ],
)
def test_task_key_differs_by_each_part(changed: dict[str, Any]) -> None:
    assert key(**changed) != key()


def test_task_key_ignores_try_number() -> None:
    assert key(try_number=3) == key()


def test_task_key_treats_missing_map_index_as_minus_one() -> None:
    assert key(map_index=None) == key(map_index=-1)


def test_task_key_separates_its_parts() -> None:
    assert key(dag_id="a", task_id="b.c") != key(dag_id="a.b", task_id="c")


@pytest.fixture
def run(lab: Lab) -> Run:
    """A run whose one task has succeeded, at the first of its three tries."""
    with lab.dag() as dag:
        AtlasTakeSnapshotOperator(
            task_id="take",
            group_id=lab.emulator.group_id,
            cluster_name=lab.emulator.cluster_name,
            wait_for_completion=False,
            if_busy="wait",
            retries=2,
        )
    return lab.run(dag)


def become(run: Run, state: str, **values: Any) -> None:
    with session() as opened:
        task = opened.merge(run.task("take"))
        task.state = state
        for name, value in values.items():
            setattr(task, name, value)


@pytest.mark.parametrize("state", ["success", "failed", "deferred", "up_for_retry", "skipped"])
def test_clearing_task_in_any_state_changes_max_tries(lab: Lab, run: Run, state: str) -> None:
    generations = [run.task("take").max_tries]

    for tries in (1, 2, 3):
        become(run, state, try_number=tries)
        lab.clear(run, "take")
        generations.append(run.task("take").max_tries)

    assert len(set(generations)) == len(generations)


def test_clearing_running_task_keeps_max_tries(lab: Lab, run: Run) -> None:
    """The scheduler of 3 makes it a new generation once it was stopped; that of 2.11 does not."""
    before = run.task("take").max_tries
    become(run, "running", job_id=1) if is_airflow_2() else become(run, "running")

    lab.clear(run, "take")

    assert run.task("take").state == "restarting"
    assert run.task("take").max_tries == before


def test_cleared_task_takes_another_snapshot(lab: Lab, run: Run) -> None:
    first = run.xcom("take", "snapshot_id")

    lab.clear(run, "take")
    cleared = lab.resume(run)

    assert cleared.state == "success"
    assert [snapshot.id for snapshot in lab.taken()] == [first, run.xcom("take", "snapshot_id")]
