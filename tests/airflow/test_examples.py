"""The DAGs in examples/airflow."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_backups import AtlasBackups

if TYPE_CHECKING:
    import pytest

    from tests.airflow.lab import Lab

EXAMPLES = Path(__file__).parents[2] / "examples" / "airflow"
EMULATED = {"project": "Emulated", "cluster": "Cluster0"}


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_migration_starts_after_snapshot_completes(
    lab: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    run = lab.run(example("before_migration").dag, run_conf=EMULATED)

    assert run.state == "success"
    (taken,) = lab.taken()
    assert run.xcom("gate")["snapshot_id"] == taken.id
    assert f"the way back is {taken.id}" in capfd.readouterr().out


def test_gate_fails_if_own_snapshot_expires_too_soon(lab: Lab) -> None:
    run = lab.run(example("before_migration").dag, run_conf=EMULATED)
    own = run.xcom("take_snapshot", "snapshot_id")
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        atlas.update_retention(lab.emulator.group_id, "Cluster0", own, days=1)
        atlas.take_snapshot(lab.emulator.group_id, "Cluster0", retention_in_days=7, wait=True)

    for task_id in ("gate", "migrate"):
        lab.clear(run, task_id)
    again = lab.resume(run)

    assert again.state == "failed"
    assert run.task("gate").state == "failed"


def test_fleet_takes_each_cluster_with_backup(lab: Lab) -> None:
    run = lab.run(example("fleet").dag)

    assert run.state == "success"
    assert sorted(taken.cluster_name for taken in lab.taken()) == ["Cluster0", "Sharded0"]
    assert {taken.status for taken in lab.taken()} == {"completed"}


def test_nightly_keeps_newest_of_its_own(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    module = example("nightly")
    monkeypatch.setattr(module, "KEEP", 2)
    before = {snapshot.id for snapshot in lab.emulator.snapshots}
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        for description in (module.OURS, "of somebody else", module.OURS):
            atlas.take_snapshot(
                lab.emulator.group_id, "Cluster0", description=description, wait=True
            )
    old = lab.taken()

    run = lab.run(module.dag, run_conf=EMULATED)

    assert run.state == "success"
    left = {taken.id for taken in lab.taken()}
    assert left == {old[1].id, old[2].id, run.xcom("take_snapshot", "snapshot_id")}
    assert before <= {snapshot.id for snapshot in lab.emulator.snapshots}
