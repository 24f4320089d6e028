"""Text arguments in a DAG with `render_template_as_native_obj=True`.

Airflow parses a rendered text as a Python literal there: "1.10" becomes the number 1.1, and the key
of release 1.10 becomes that of release 1.1.
"""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasBackups, InvalidArgumentError
from atlas_backups.airflow import (
    AtlasDeleteSnapshotOperator,
    AtlasSnapshotSensor,
    AtlasTakeSnapshotOperator,
    arguments,
)

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab, Run

ID = "6" * 24
TAKE = {"group_id": ID, "cluster_name": "Cluster0"}
ONE = {**TAKE, "snapshot_id": ID}
BY_NAME = {"project_name": "Emulated", "cluster_name": "Cluster0", "snapshot_id": ID}
# Texts that differ from the text of the Python literal.
WRITTEN_OTHERWISE = ("1.10", "1e3", "True", "0x10", "1_000", "(7)", "['a']")
OPERATORS = [
    (AtlasTakeSnapshotOperator, TAKE, "idempotency_key"),
    (AtlasTakeSnapshotOperator, TAKE, "description"),
    (AtlasTakeSnapshotOperator, {"cluster_name": "Cluster0"}, "project_name"),
    (AtlasTakeSnapshotOperator, TAKE, "atlas_conn_id"),
    (AtlasDeleteSnapshotOperator, BY_NAME, "cluster_name"),
    (AtlasDeleteSnapshotOperator, ONE, "group_id"),
    (AtlasSnapshotSensor, ONE, "snapshot_id"),
    (AtlasSnapshotSensor, {"deferrable": True, **BY_NAME}, "snapshot_id"),
]


def run_native(lab: Lab, operator: Any, **options: Any) -> Run:
    with lab.dag(render_template_as_native_obj=True) as dag:
        operator(task_id="task", retries=3, **options)
    return lab.run(dag)


@pytest.mark.parametrize(("operator", "options", "name"), OPERATORS)
def test_text_argument_rendered_to_float_fails_before_any_request(
    lab: Lab, log: Log, operator: Any, options: dict[str, Any], name: str
) -> None:
    run = run_native(
        lab, operator, **options | {name: "{{ params.release }}"}, params={"release": "1.10"}
    )

    assert (run.state, run.task("task").try_number) == ("failed", 1)
    assert f"{name} must be text" in log()
    assert lab.emulator.requests == ()


@pytest.mark.parametrize(
    ("written", "template"),
    [*((text, "{{ params.release }}") for text in WRITTEN_OTHERWISE), ("0x10", "literal")],
)
def test_key_changed_by_rendering_fails_before_any_request(
    lab: Lab, log: Log, written: str, template: str
) -> None:
    key = written if template == "literal" else template
    options = {**TAKE, "idempotency_key": key, "params": {"release": written}}

    run = run_native(lab, AtlasTakeSnapshotOperator, **options)

    assert (run.state, run.task("task").try_number) == ("failed", 1)
    assert "idempotency_key must be text" in log()
    assert lab.emulator.requests == ()


def test_mapped_key_changed_by_rendering_fails_before_any_request(lab: Lab, log: Log) -> None:
    with lab.dag(render_template_as_native_obj=True, params={"release": "0x10"}) as dag:
        AtlasTakeSnapshotOperator.partial(
            task_id="task", group_id=ID, idempotency_key="{{ params.release }}"
        ).expand(cluster_name=["Cluster0"])

    assert lab.run(dag).state == "failed"
    assert "its template rendered to '0x10'" in log()
    assert lab.emulator.requests == ()


@pytest.mark.parametrize("written", ["42", 42, "release 1.10", "'1.10'"])
def test_key_unchanged_by_rendering_finds_its_snapshot(lab: Lab, written: str | int) -> None:
    cluster: dict[str, Any] = {
        "group_id": lab.emulator.group_id,
        "cluster_name": lab.emulator.cluster_name,
    }
    key = str(written).strip("'")
    with AtlasBackups(lab.emulator.credentials, base_url=lab.emulator.base_url) as atlas:
        known = atlas.take_snapshot(**cluster, idempotency_key=key, wait=True)

    run = run_native(
        lab,
        AtlasTakeSnapshotOperator,
        **cluster,
        idempotency_key="{{ params.release }}",
        params={"release": written},
    )

    assert run.state == "success"
    assert run.xcom("task", "snapshot_id") == known.id


@pytest.mark.parametrize("days", ["7", 7, 7.0])
def test_number_argument_accepts_rendered_number(lab: Lab, days: object) -> None:
    run = run_native(
        lab,
        AtlasTakeSnapshotOperator,
        project_name="Emulated",
        cluster_name=lab.emulator.cluster_name,
        retention_in_days="{{ params.days }}",
        timeout="{{ params.days | int * 100 }}",
        params={"days": days},
    )

    assert run.state == "success"


@pytest.mark.parametrize(
    "value", [1.1, 1e24, True, False, 1j, b"a", ["a"], ("a",), {"a"}, {"a": 1}]
)
def test_text_rejects_other_types(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="idempotency_key must be text, not"):
        arguments.text("idempotency_key", value)


@pytest.mark.parametrize("part", ["snapshot_id", "group_id", "cluster_name"])
def test_part_of_snapshot_rendered_to_float_is_rejected(part: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"{part} in snapshot must be text, not"):
        arguments.address_in({**ONE, part: 6e23})
