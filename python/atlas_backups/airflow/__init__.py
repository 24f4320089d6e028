"""Airflow 2.11 and 3: a hook, a connection type, operators, a sensor and a trigger.

`pip install 'atlas-backups[airflow]'`. Only the names below are public.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .hook import AtlasBackupsHook
    from .operators.delete import AtlasDeleteSnapshotOperator
    from .operators.take import AtlasTakeSnapshotOperator
    from .sensor import AtlasSnapshotSensor
    from .trigger import AtlasSnapshotTrigger

__all__ = [
    "AtlasBackupsHook",
    "AtlasDeleteSnapshotOperator",
    "AtlasSnapshotSensor",
    "AtlasSnapshotTrigger",
    "AtlasTakeSnapshotOperator",
]

# Lazy, because Airflow imports `provider` in each of its processes.
_MODULES = {
    "AtlasBackupsHook": "hook",
    "AtlasDeleteSnapshotOperator": "operators.delete",
    "AtlasSnapshotSensor": "sensor",
    "AtlasSnapshotTrigger": "trigger",
    "AtlasTakeSnapshotOperator": "operators.take",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
