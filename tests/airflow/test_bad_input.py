"""Errors of a DAG's author: logged, and not retried."""

# ruff: noqa: ANN401  # Airflow differs by version
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import InvalidArgumentError
from atlas_backups.airflow import AtlasDeleteSnapshotOperator, AtlasTakeSnapshotOperator
from tests.airflow.lab import connection_variable

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab, Run

VARIABLE = "AIRFLOW_CONN_MONGODB_ATLAS_DEFAULT"
GROUP_ID = "66b0c1d2e3f4a5b6c7d8e9f0"


def run_take(lab: Lab, **options: Any) -> Run:
    address: dict[str, Any] = {"group_id": GROUP_ID, "cluster_name": "Cluster0"}
    if "project_name" in options:
        del address["group_id"]
    with lab.dag(render_template_as_native_obj=options.pop("native", False)) as dag:
        AtlasTakeSnapshotOperator(task_id="take", retries=3, **address | options)
    return lab.run(dag)


def assert_failed_at_once(run: Run, log: Log, *sentences: str) -> None:
    text = log()
    for sentence in sentences:
        assert sentence in text
    assert run.state == "failed"
    assert run.task("take").try_number == 1
    assert "AirflowFailException" in text


def test_missing_connection_fails_without_retry(lab: Lab, log: Log) -> None:
    run = run_take(lab, atlas_conn_id="atlas_of_nobody")

    assert_failed_at_once(
        run,
        log,
        "there is no connection 'atlas_of_nobody'",
        "AIRFLOW_CONN_ATLAS_OF_NOBODY",
    )


def test_incomplete_connection_fails_without_retry(
    lab: Lab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, password=None))

    run = run_take(lab)

    assert_failed_at_once(
        run,
        log,
        "connection 'mongodb_atlas_default' is incomplete: Client ID (login) is set, "
        "Client secret (password) is not",
    )


def test_wrong_secret_fails_without_retry(
    lab: Lab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, password="mdb_sa_sk_wrong"))

    run = run_take(lab)

    assert_failed_at_once(run, log, "the client id or the client secret is wrong")
    assert "mdb_sa_sk_wrong" not in log()


def test_wrong_secret_does_not_use_cached_token_of_right_one(
    lab: Lab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = {"group_id": lab.emulator.group_id, "cluster_name": lab.emulator.cluster_name}
    assert run_take(lab, **address).state == "success"
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, password="mdb_sa_sk_wrong"))

    run = run_take(lab, **address)

    assert_failed_at_once(run, log, "the client id or the client secret is wrong")


def test_missing_role_fails_without_retry(
    lab: Lab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = lab.emulator.credential("service_account", read_only=True)
    fields: dict[str, Any] = {"login": reader.id, "password": reader.secret}
    monkeypatch.setenv(VARIABLE, connection_variable(lab.emulator, **fields))

    run = run_take(lab)

    assert_failed_at_once(run, log, "401")
    assert lab.taken() == []


def test_unknown_project_name_lists_visible_ones(lab: Lab, log: Log) -> None:
    run = run_take(lab, project_name="Production")

    assert_failed_at_once(
        run, log, "no project is called 'Production'; the connection sees 'Empty', 'Emulated'"
    )


@pytest.mark.parametrize(
    ("name", "template", "native"),
    [
        ("group_id", "{{ params.nothing }}", False),
        ("project_name", "{{ ti.xcom_pull(task_ids='nobody') }}", True),
        ("cluster_name", "{{ params.nothing }}", True),
        ("description", "{{ ti.xcom_pull(task_ids='nobody') }}", False),
        ("idempotency_key", "{{ params.nothing }}", True),
        ("retention_in_days", "{{ ti.xcom_pull(task_ids='nobody') }}", True),
    ],
)
def test_template_with_empty_value_fails_without_retry(
    lab: Lab, log: Log, name: str, template: str, native: object
) -> None:
    options = {name: template, "params": {"nothing": ""}}

    run = run_take(lab, native=native, **options)

    assert_failed_at_once(run, log, f"{name} is empty: its template rendered to ")
    assert lab.taken() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"retention_in_days": "{{ 'a week' }}"}, "retention_in_days must be a whole number"),
        (
            {"timeout": "{{ 'soon' }}"},
            "timeout must be seconds, above 0 and at most 1e+09, not 'soon'",
        ),
        ({"timeout": 1e300}, "timeout must be seconds, above 0 and at most 1e+09, not '1e+300'"),
        ({"timeout": 0}, "timeout must be seconds, above 0 and at most 1e+09, not '0'"),
        ({"poll_interval": -1.0}, "poll_interval must be seconds, above 0 and at most"),
        ({"group_id": "Production"}, "group_id"),
        ({"cluster_name": "{{ 'a b' }}"}, "cluster_name"),
        ({"cluster_name": "Cluster9"}, "CLUSTER_NOT_FOUND"),
        ({"group_id": "a" * 24}, "a project id is not its name"),
        ({"cluster_name": "Flex0"}, "Flex0"),
        ({"cluster_name": "NoBackup0"}, "NoBackup0"),
        ({"retention_in_days": 0}, "retention_in_days"),
    ],
)
def test_invalid_argument_fails_without_retry(
    lab: Lab, log: Log, options: dict[str, Any], sentence: str
) -> None:
    run = run_take(lab, **options)

    assert_failed_at_once(run, log, sentence)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "give one of group_id, project_name: none is given"),
        ({"group_id": "g", "project_name": "p"}, "not group_id and project_name together"),
        ({"group_id": "g", "if_busy": "skip"}, "if_busy must be one of"),
    ],
)
def test_conflicting_arguments_fail_dag_parsing(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgumentError, match=sentence):
        AtlasTakeSnapshotOperator(task_id="take", cluster_name="c", **options)


@pytest.mark.parametrize(
    ("pushed", "sentence"),
    [
        ({"_id": "b" * 24, "cluster": "Cluster0"}, "snapshot has no group_id, cluster_name, snap"),
        ("b" * 24, "snapshot must be the dict that AtlasTakeSnapshotOperator returns"),
        (None, "snapshot is empty: its template rendered to None"),
    ],
)
def test_invalid_xcom_fails_without_retry(
    lab: Lab, log: Log, pushed: object, sentence: str
) -> None:
    with lab.dag(render_template_as_native_obj=True) as dag:
        AtlasDeleteSnapshotOperator(
            task_id="take", snapshot="{{ params.pushed }}", params={"pushed": pushed}, retries=3
        )

    run = lab.run(dag)

    assert_failed_at_once(run, log, sentence)
