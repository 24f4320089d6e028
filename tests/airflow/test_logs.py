"""Lines that Airflow's log view shows without opening a group or a traceback."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, ConflictError, NotFoundError, Snapshot
from atlas_backups.airflow import (
    AtlasDeleteSnapshotOperator,
    AtlasSnapshotSensor,
    AtlasTakeSnapshotOperator,
)
from atlas_backups.airflow.events import failure
from tests.airflow.lab import shorten

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab, Run

LINK = "atlas_cluster_url"
PAUSED = "Cannot update cluster Paused0 while it is paused or being paused."
HINT = "Hint: Atlas takes no snapshot of a paused cluster: resume the cluster first"
POST = "POST /api/atlas/v2/groups/g/clusters/c/backup/snapshots"


def lines(text: str, level: str) -> list[str]:
    """Return the messages of one level, of either version's form of a line."""
    head = rf"^(?:\S+ \[{level} *\] |{level.upper()} +airflow\.task\S+\.py:\d+ )"
    return re.findall(f"{head}(.*)$", text, re.MULTILINE)


def run_task(lab: Lab, operator: Any, **options: Any) -> Run:
    with lab.dag() as dag:
        operator(task_id="task", group_id=lab.emulator.group_id, **options)
    return lab.run(dag)


def take(lab: Lab, **options: Any) -> Snapshot:
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        return atlas.take_snapshot(lab.emulator.group_id, lab.emulator.cluster_name, **options)


@pytest.mark.parametrize("deferrable", [False, True])
def test_paused_cluster_fails_without_retry_and_with_hint(
    lab: Lab, log: Log, *, deferrable: bool
) -> None:
    run = run_task(
        lab,
        AtlasTakeSnapshotOperator,
        cluster_name="Paused0",
        if_busy="wait",
        deferrable=deferrable,
        retries=3,
    )

    assert (run.state, run.task("task").try_number) == ("failed", 1)
    (message,) = [line for line in lines(log(), "error") if line.startswith(PAUSED)]
    assert HINT in message
    assert "409 Conflict, CANNOT_UPDATE_PAUSED_CLUSTER]" in message


@pytest.mark.parametrize(
    ("operator", "options", "sentence"),
    [
        (AtlasTakeSnapshotOperator, {"cluster_name": "Cluster9"}, "No cluster named Cluster9"),
        (AtlasTakeSnapshotOperator, {"cluster_name": "a b"}, "cluster_name"),
        (
            AtlasDeleteSnapshotOperator,
            {"cluster_name": "Cluster0", "snapshot_id": "5" * 24, "ignore_missing": False},
            "No snapshot with ID 5555",
        ),
        (
            AtlasSnapshotSensor,
            {"cluster_name": "Cluster0", "snapshot_id": "5" * 24},
            "No snapshot with ID 5555",
        ),
        (
            AtlasSnapshotSensor,
            {"cluster_name": "Cluster0", "snapshot_id": "5" * 24, "deferrable": True},
            "No snapshot with ID 5555",
        ),
    ],
)
def test_failure_is_one_error_line_starting_with_sentence(
    lab: Lab, log: Log, operator: Any, options: dict[str, Any], sentence: str
) -> None:
    run = run_task(lab, operator, **options)

    assert run.state == "failed"
    assert len([line for line in lines(log(), "error") if line.startswith(sentence)]) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_failed_snapshot_is_error_line_in_each_try(lab: Lab, log: Log, *, deferrable: bool) -> None:
    lab.emulator.next_snapshot(fails=True)

    run = run_task(
        lab,
        AtlasTakeSnapshotOperator,
        cluster_name="Cluster0",
        deferrable=deferrable,
        retries=1,
        poll_interval=0.2,
    )

    assert run.state == "success"
    failed, _ = lab.taken()
    sentence = f"Atlas failed to take snapshot {failed.id} of cluster Cluster0"
    assert len([line for line in lines(log(), "error") if line.startswith(sentence)]) == 1


def test_sensor_logs_target_before_deferral(lab: Lab, log: Log) -> None:
    snapshot = take(lab)
    waiting: dict[str, Any] = {"deferrable": True, "timeout": 20.0, "poke_interval": 0.2}

    run_task(
        lab,
        AtlasSnapshotSensor,
        cluster_name=lab.emulator.cluster_name,
        snapshot_id=snapshot.id,
        **waiting,
    )
    run_task(
        lab,
        AtlasSnapshotSensor,
        cluster_name=lab.emulator.cluster_name,
        max_age=60,
        min_remaining_retention=3600,
        **waiting,
    )

    shown = lines(log(), "info")
    assert any(
        line.startswith(f"Waiting in the triggerer, at most 20 s, for snapshot {snapshot.id} of")
        for line in shown
    )
    assert any(
        line.startswith(
            "Waiting in the triggerer, at most 20 s, for a completed snapshot of cluster Cluster0 "
            "with data at most 60 s old and at least 3600 s of retention left"
        )
        for line in shown
    )


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_sensor_logs_missing_snapshot_at_each_poll(lab: Lab, log: Log, mode: str) -> None:
    run_task(
        lab,
        AtlasSnapshotSensor,
        cluster_name="Cluster0",
        max_age=60,
        mode=mode,
        poke_interval=0.2,
        timeout=0.5,
    )

    missing = "Cluster Cluster0 has no completed snapshot with data at most 60 s old yet"
    assert any(line.startswith(missing) for line in lines(log(), "info"))


class TestLink:
    """Airflow 3 pushes the value of the link, and shows a button for it."""

    def url(self, lab: Lab, cluster_name: str) -> str:
        path = f"/v2/{lab.emulator.group_id}#/clusters/detail/{cluster_name}"
        return lab.emulator.base_url + path

    def test_delete_pushes_link_to_cluster(self, lab: Lab) -> None:
        snapshot = take(lab, wait=True)

        run = run_task(
            lab,
            AtlasDeleteSnapshotOperator,
            cluster_name="Cluster0",
            snapshot_id=snapshot.id,
        )

        assert run.xcom("task", LINK) == self.url(lab, "Cluster0")

    def test_failed_take_pushes_link_to_cluster(self, lab: Lab) -> None:
        run = run_task(lab, AtlasTakeSnapshotOperator, cluster_name="Paused0")

        assert run.xcom("task", LINK) == self.url(lab, "Paused0")

    def test_timed_out_sensor_pushes_link_to_cluster(self, lab: Lab) -> None:
        run = run_task(
            lab,
            AtlasSnapshotSensor,
            cluster_name="Cluster0",
            max_age=60,
            poke_interval=0.2,
            timeout=0.5,
        )

        assert run.xcom("task", LINK) == self.url(lab, "Cluster0")

    def test_task_without_cluster_pushes_no_link(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, max_retries=0)

        run = run_task(lab, AtlasDeleteSnapshotOperator, cluster_name="", snapshot_id="5" * 24)

        assert run.state == "failed"
        assert run.xcom("task", LINK) is None


def test_event_of_paused_cluster_is_permanent() -> None:
    error = ConflictError(
        "It is paused.",
        error_code="CANNOT_UPDATE_PAUSED_CLUSTER",
    )

    assert failure(error)["permanent"] is True
    assert failure(error)["message"] == "It is paused."
    assert failure(ConflictError("busy", error_code="OTHER"))["permanent"] is False
    assert failure(NotFoundError("nothing"))["permanent"] is True
