"""What differs between Airflow 2.11 and 3, and nothing else here imports Airflow by other ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    BaseHook,
    BaseOperator,
    BaseOperatorLink,
    BaseSensorOperator,
    XCom,
    conf,
    mask_secret,
)
from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection, Context

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "BaseTrigger",
    "Connection",
    "Context",
    "TriggerEvent",
    "XCom",
    "conf",
    "connection_without_blocking",
    "mask_secret",
]


async def connection_without_blocking(conn_id: str) -> Connection:
    """Look a connection up, as a triggerer must, without holding up its event loop."""
    lookup = getattr(BaseHook, "aget_connection", None)  # only in 3
    if lookup is None:
        lookup = sync_to_async(BaseHook.get_connection)
    return await lookup(conn_id)
