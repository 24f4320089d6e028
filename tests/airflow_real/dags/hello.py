"""A task that needs the slot of those that take snapshots."""

from __future__ import annotations

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

with DAG("hello", schedule=None):

    @task(pool="one_slot")
    def hello() -> str:
        """Return a greeting."""
        return "hello"

    hello()
