"""What several tries of a task make of one snapshot."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups.airflow import AtlasTakeSnapshotOperator
from atlas_backups.emulator import Fault
from tests.airflow.lab import shorten

if TYPE_CHECKING:
    from atlas_backups import Snapshot
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab


def take(lab: Lab, **options: Any) -> Any:
    arguments: dict[str, Any] = {
        "task_id": "take",
        "group_id": lab.emulator.group_id,
        "cluster_name": lab.emulator.cluster_name,
        "retries": 2,
    }
    return AtlasTakeSnapshotOperator(**arguments | options)


def posts(lab: Lab) -> int:
    return sum(
        request.method == "POST" and request.path.endswith("/snapshots")
        for request in lab.emulator.requests
    )


@pytest.fixture(params=[False, True], ids=["here", "deferred"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_a_task_that_dies_after_the_take_finds_its_snapshot(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, deferrable: bool
) -> None:
    deaths = iter([RuntimeError("killed"), RuntimeError("killed again")])

    ask = AtlasTakeSnapshotOperator._ask

    def ask_and_die(*args: Any) -> Snapshot:
        snapshot = ask(*args)
        for death in deaths:
            raise death
        return snapshot

    monkeypatch.setattr(AtlasTakeSnapshotOperator, "_ask", ask_and_die)
    with lab.dag() as dag:
        take(lab, deferrable=deferrable)

    run = lab.run(dag)

    assert (run.state, run.task("take").try_number) == ("success", 3)
    assert posts(lab) == 1
    assert run.xcom("take", "snapshot_id") == lab.taken()[0].id


def test_an_answer_that_got_lost_costs_no_second_snapshot(lab: Lab) -> None:
    lab.emulator.fault(Fault(method="POST", path="/snapshots", reset="after"))
    with lab.dag() as dag:
        take(lab)

    run = lab.run(dag)

    assert run.state == "success"
    assert posts(lab) == len(lab.taken()) == 1


def test_a_failed_snapshot_fails_the_task_and_the_next_try_takes_another(
    lab: Lab, log: Log, *, deferrable: bool
) -> None:
    lab.emulator.next_snapshot(fails=True)
    with lab.dag() as dag:
        take(lab, deferrable=deferrable)

    run = lab.run(dag)

    assert run.state == "success"
    assert [snapshot.status for snapshot in lab.taken()] == ["failed", "completed"]
    assert run.xcom("take", "snapshot_id") == lab.taken()[1].id
    assert "SnapshotFailedError" in log()


def test_a_wait_that_took_too_long_is_taken_up_by_the_next_try(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, deferrable: bool
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.waiting._LAST_LOOK_SECONDS", 0.1)
    lab.emulator.next_snapshot(seconds=2.5)
    with lab.dag() as dag:
        take(lab, deferrable=deferrable, timeout=1.2, poll_interval=0.5)

    run = lab.run(dag)

    assert run.state == "success"
    assert run.task("take").try_number > 1
    assert posts(lab) == 1


def test_outages_are_left_to_the_next_try(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch, max_retries=0)
    lab.emulator.fault(Fault(status=503, path="/api/atlas/", times=1))
    with lab.dag() as dag:
        take(lab)

    run = lab.run(dag)

    assert (run.state, run.task("take").try_number) == ("success", 2)
    assert posts(lab) == 1


def test_an_explicit_key_is_shared_by_tasks(lab: Lab) -> None:
    with lab.dag() as dag:
        first = take(lab, task_id="first", idempotency_key="release {{ run_id }}")
        first >> take(lab, task_id="second", idempotency_key="release {{ run_id }}")

    run = lab.run(dag)

    assert run.state == "success"
    assert run.xcom("first") == run.xcom("second")
    assert posts(lab) == 1


def test_each_mapped_task_has_a_key_of_its_own(lab: Lab) -> None:
    with lab.dag() as dag:
        AtlasTakeSnapshotOperator.partial(
            task_id="take", group_id=lab.emulator.group_id, if_busy="wait"
        ).expand(cluster_name=[lab.emulator.cluster_name, lab.emulator.cluster_name, "Sharded0"])

    run = lab.run(dag)

    assert run.state == "success"
    assert len({run.xcom("take", "snapshot_id", index) for index in range(3)}) == 3
    assert posts(lab) >= 3


def test_a_rate_limit_that_other_tasks_empty_is_waited_for(lab: Lab) -> None:
    more_than_a_client_takes = 5
    path = "/backup/snapshots"
    lab.emulator.fault(Fault(method="POST", path=path, status=429, times=more_than_a_client_takes))
    with lab.dag() as dag:
        take(lab, retries=0)

    run = lab.run(dag)

    assert run.state == "success"
    assert posts(lab) == more_than_a_client_takes + 1
