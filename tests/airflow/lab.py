"""Runs DAGs in this process with Airflow's `dag.test()`."""

# ruff: noqa: ANN401, PLC0415  # Airflow differs by version, and is imported only once it is set up
from __future__ import annotations

import itertools
import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    import pytest

    from atlas_backups.emulator import AtlasEmulator, EmulatedSnapshot

_numbers = itertools.count()


def is_airflow_2() -> bool:
    from airflow import __version__

    return __version__.startswith("2.")


def make_database() -> None:
    from airflow.utils.db import initdb

    initdb()


def connection_variable(emulator: AtlasEmulator, **fields: Any) -> str:
    """Return a connection to the emulator as `AIRFLOW_CONN_…` holds it."""
    account = {
        "conn_type": "mongodb_atlas",
        "host": emulator.base_url,
        "login": emulator.env["MONGODB_ATLAS_CLIENT_ID"],
        "password": emulator.env["MONGODB_ATLAS_CLIENT_SECRET"],
    }
    return json.dumps(account | fields)


@contextmanager
def session() -> Generator[Any, None, None]:
    from airflow.utils.session import create_session

    with create_session() as opened:
        yield opened


@dataclass
class Run:
    """A DAG's run that has ended."""

    dag: Any
    run_id: str
    state: str

    def task(self, task_id: str, map_index: int = -1) -> Any:
        from airflow.models.taskinstance import TaskInstance

        with session() as opened:
            found = (
                opened.query(TaskInstance)
                .filter_by(
                    dag_id=self.dag.dag_id,
                    run_id=self.run_id,
                    task_id=task_id,
                    map_index=map_index,
                )
                .one()
            )
            opened.expunge(found)
            return found

    def xcom(self, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        where = {
            "dag_id": self.dag.dag_id,
            "run_id": self.run_id,
            "task_id": task_id,
            "key": key,
            "map_index": map_index,
        }
        if is_airflow_2():
            from airflow.models.xcom import XCom

            return XCom.get_one(**where)
        from airflow.models.xcom import XComModel

        with session() as opened:
            row = opened.query(XComModel).filter_by(**where).one_or_none()
            return None if row is None else XComModel.deserialize_value(row)


class Lab:
    """Makes DAGs and runs them."""

    def __init__(self, emulator: AtlasEmulator) -> None:
        self.emulator = emulator
        self._first = {snapshot.id for snapshot in emulator.snapshots}

    @contextmanager
    def dag(self, **options: Any) -> Generator[Any, None, None]:
        """Open a DAG whose tasks are retried at once."""
        from airflow.providers.common.compat.sdk import DAG

        defaults = {"retry_delay": timedelta(0), **options.pop("default_args", {})}
        with DAG(
            f"dag_{next(_numbers)}",
            schedule=None,
            start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
            default_args=defaults,
            **options,
        ) as opened:
            yield opened

    def run(self, dag: Any, **options: Any) -> Run:
        """Run it to its end, however often its tasks are tried; options of `dag.test()`."""
        register(dag)
        run = dag.test(**options)
        return Run(dag, run.run_id, str(run.state))

    def clear(self, run: Run, task_id: str, map_index: int = -1) -> None:
        """Clear a task as the button in the grid does."""
        from airflow.models.taskinstance import clear_task_instances

        with session() as opened:
            task = run.task(task_id, map_index)
            task = opened.merge(task)
            # 2.11 cannot look up a DAG that is in no file.
            options = {"dag": run.dag} if is_airflow_2() else {}
            clear_task_instances([task], opened, **options)

    def resume(self, run: Run) -> Run:
        """Run the cleared tasks to completion, as the scheduler would."""
        from airflow.models.dagrun import DagRun

        with session() as opened:
            found = opened.query(DagRun).filter_by(dag_id=run.dag.dag_id, run_id=run.run_id).one()
            found.dag = _scheduled(run.dag)
            found.set_state("running")
            opened.commit()
            while found.state == "running":
                opened.expire_all()
                for task in found.update_state(session=opened)[0]:
                    task.try_number += 1
                    task.state = "scheduled"
                opened.commit()
                for task in found.get_task_instances(session=opened):
                    if task.state == "scheduled":
                        _run(task, run.dag.task_dict[task.task_id], opened)
                opened.commit()
            return Run(run.dag, run.run_id, str(found.state))

    def taken(self) -> list[EmulatedSnapshot]:
        """Return the on-criteria snapshots that were not there at first."""
        return [
            snapshot
            for snapshot in self.emulator.snapshots
            if snapshot.snapshot_type == "onDemand" and snapshot.id not in self._first
        ]


def register(dag: Any) -> None:
    """Register a DAG that is in no file with Airflow 3."""
    if is_airflow_2():
        return
    from airflow.dag_processing import collection
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    with session() as opened:
        DagBundlesManager().sync_bundles_to_db(session=opened)
    with session() as opened:
        collection.update_dag_parsing_results_in_db(
            "dags-folder",
            None,
            [LazyDeserializedDAG.from_dag(dag)],
            {},
            None,
            set(),
            session=opened,
        )


def _scheduled(dag: Any) -> Any:
    """Return the DAG as the scheduler has it."""
    if is_airflow_2():
        return dag
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))


def _run(task_instance: Any, task: Any, opened: Any) -> None:
    if is_airflow_2():
        from airflow.models import dag

        task_instance.task = task
        with suppress(Exception):  # `dag.test()` logs it; the test checks the state
            dag._run_task(ti=task_instance, inline_trigger=True, session=opened)
    else:
        from airflow.sdk.definitions import dag

        dag._run_task(ti=task_instance, task=task, run_triggerer=True)


def shorten(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Override options of the tasks' clients, to fail sooner."""
    from atlas_backups.airflow.connection import Settings

    make = Settings.client
    monkeypatch.setattr(Settings, "client", lambda self, **more: make(self, **options | more))
