"""Retries of a task and the snapshots that they take."""

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


def test_task_killed_after_take_finds_its_snapshot(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, deferrable: bool
) -> None:
    deaths = iter([RuntimeError("killed"), RuntimeError("killed again")])

    ask = AtlasTakeSnapshotOperator._request_snapshot

    def ask_and_die(*args: Any) -> Snapshot:
        snapshot = ask(*args)
        for death in deaths:
            raise death
        return snapshot

    monkeypatch.setattr(AtlasTakeSnapshotOperator, "_request_snapshot", ask_and_die)
    with lab.dag() as dag:
        take(lab, deferrable=deferrable)

    run = lab.run(dag)

    assert (run.state, run.task("take").try_number) == ("success", 3)
    assert posts(lab) == 1
    assert run.xcom("take", "snapshot_id") == lab.taken()[0].id


def test_reset_response_causes_no_second_snapshot(lab: Lab) -> None:
    lab.emulator.fault(Fault(method="POST", path="/snapshots", reset="after"))
    with lab.dag() as dag:
        take(lab)

    run = lab.run(dag)

    assert run.state == "success"
    assert posts(lab) == len(lab.taken()) == 1


def test_retry_after_failed_snapshot_takes_another(lab: Lab, log: Log, *, deferrable: bool) -> None:
    lab.emulator.next_snapshot(fails=True)
    with lab.dag() as dag:
        take(lab, deferrable=deferrable)

    run = lab.run(dag)

    assert run.state == "success"
    assert [snapshot.status for snapshot in lab.taken()] == ["failed", "completed"]
    assert run.xcom("take", "snapshot_id") == lab.taken()[1].id
    assert "SnapshotFailedError" in log()


def test_retry_after_wait_timeout_waits_for_same_snapshot(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, deferrable: bool
) -> None:
    monkeypatch.setattr("atlas_backups.airflow.trigger._LAST_POLL_SECONDS", 0.1)
    lab.emulator.next_snapshot(seconds=2.5)
    with lab.dag() as dag:
        take(lab, deferrable=deferrable, timeout=1.2, poll_interval=0.5)

    run = lab.run(dag)

    assert run.state == "success"
    assert run.task("take").try_number > 1
    assert posts(lab) == 1


def test_server_error_fails_try_and_retries(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch, max_retries=0)
    lab.emulator.fault(Fault(status=503, path="/api/atlas/", times=1))
    with lab.dag() as dag:
        take(lab)

    run = lab.run(dag)

    assert (run.state, run.task("take").try_number) == ("success", 2)
    assert posts(lab) == 1


def test_tasks_with_same_explicit_key_share_snapshot(lab: Lab) -> None:
    with lab.dag() as dag:
        first = take(lab, task_id="first", idempotency_key="release {{ run_id }}")
        first >> take(lab, task_id="second", idempotency_key="release {{ run_id }}")

    run = lab.run(dag)

    assert run.state == "success"
    assert run.xcom("first") == run.xcom("second")
    assert posts(lab) == 1


def test_each_mapped_task_has_a_task_key_its_own(lab: Lab) -> None:
    with lab.dag() as dag:
        AtlasTakeSnapshotOperator.partial(
            task_id="take", group_id=lab.emulator.group_id, if_busy="wait"
        ).expand(cluster_name=[lab.emulator.cluster_name, lab.emulator.cluster_name, "Sharded0"])

    run = lab.run(dag)

    assert run.state == "success"
    assert len({run.xcom("take", "snapshot_id", index) for index in range(3)}) == 3
    assert posts(lab) >= 3


def test_exhausted_rate_limit_is_waited_for(lab: Lab) -> None:
    more_than_a_client_takes = 5
    path = "/backup/snapshots"
    lab.emulator.fault(Fault(method="POST", path=path, status=429, times=more_than_a_client_takes))
    with lab.dag() as dag:
        take(lab, retries=0)

    run = lab.run(dag)

    assert run.state == "success"
    assert posts(lab) == more_than_a_client_takes + 1
