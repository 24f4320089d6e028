"""Differences between Airflow 2.11 and 3; all other modules import Airflow from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSensorTimeout,
    BaseHook,
    BaseOperator,
    BaseOperatorLink,
    BaseSensorOperator,
    PokeReturnValue,
    XCom,
    XComArg,
    conf,
    mask_secret,
)
from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection as Connection  # noqa: PLC0414  # re-exported
    from airflow.providers.common.compat.sdk import Context as Context  # noqa: PLC0414  # the same

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSensorTimeout",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "BaseTrigger",
    "PokeReturnValue",
    "TriggerEvent",
    "XCom",
    "XComArg",
    "airflow_version",
    "connection_without_blocking",
    "dag_run",
    "default_deferrable",
    "is_deferral_timeout",
    "mask_secret",
    "sync_to_async",
    "task_instance",
]

default_deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False)


def task_instance(context: Context) -> Any:  # noqa: ANN401  # the class differs by version
    """Return the running task."""
    return context["ti"]  # pyright: ignore[reportTypedDictNotRequiredAccess]  # always present


def dag_run(context: Context) -> Any:  # noqa: ANN401  # the same
    """Return the run of the running task."""
    return context["dag_run"]  # pyright: ignore[reportTypedDictNotRequiredAccess]  # the same


async def connection_without_blocking(conn_id: str) -> Connection:
    """Fetch a connection without blocking the event loop of the triggerer."""
    lookup = getattr(BaseHook, "aget_connection", None)  # not in 2.11
    if lookup is None:
        lookup = sync_to_async(BaseHook.get_connection)
    connection: Connection = await lookup(conn_id)
    return connection


def is_deferral_timeout(next_method: str, next_kwargs: dict[str, Any] | None) -> bool:
    """Return whether Airflow resumes a task because its trigger timed out."""
    reasons = ("Trigger timeout", "Trigger/execution timeout")  # of 3, of 2.11
    return next_method == "__fail__" and (next_kwargs or {}).get("error") in reasons
