"""A task that needs the slot of those that take snapshots."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, task

with DAG("hello", schedule=None):

    @task(pool="one_slot")
    def hello() -> str:
        """Return a greeting."""
        return "hello"

    hello()
