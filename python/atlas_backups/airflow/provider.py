"""What Airflow's provider manager asks for; reading it imports nothing of Airflow."""

from __future__ import annotations

from typing import Any

from atlas_backups import __version__
from atlas_backups.airflow.form import BEHAVIOUR, FIELDS

_NAME = "MongoDB Atlas"
_ROOM = "atlas_backups.airflow"


def get_provider_info() -> dict[str, Any]:
    """Describe the provider: the entry point `apache_airflow_provider` names this function."""
    return {
        "package-name": "atlas-backups",
        "name": _NAME,
        "description": "On-demand snapshots of MongoDB Atlas clusters.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _NAME,
                "external-doc-url": "https://www.mongodb.com/docs/atlas/",
                "tags": ["service"],
            }
        ],
        "hooks": [_modules("hook")],
        "operators": [_modules("operators.take", "operators.delete")],
        "sensors": [_modules("sensor")],
        "triggers": [_modules("trigger")],
        "connection-types": [
            {
                "connection-type": "mongodb_atlas",
                "hook-class-name": f"{_ROOM}.hook.AtlasBackupsHook",
                "hook-name": _NAME,
                # Read by Airflow 3.2 and later; before that, the methods of the hook are called.
                "conn-fields": FIELDS,
                "ui-field-behaviour": BEHAVIOUR,
            }
        ],
        "extra-links": [f"{_ROOM}.links.AtlasClusterLink"],
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": _NAME, "python-modules": [f"{_ROOM}.{name}" for name in names]}
