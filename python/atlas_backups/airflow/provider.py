"""Metadata for Airflow's provider manager; this module does not import Airflow."""

from __future__ import annotations

from typing import Any

from atlas_backups import __version__
from atlas_backups.airflow.connection_form import BEHAVIOUR, FIELDS

_NAME = "MongoDB Atlas"
_PACKAGE = "atlas_backups.airflow"


def get_provider_info() -> dict[str, Any]:
    """Describe the provider, for the entry point `apache_airflow_provider`."""
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
                "hook-class-name": f"{_PACKAGE}.hook.AtlasBackupsHook",
                "hook-name": _NAME,
                # Read by Airflow 3.2 and later; older versions call the methods of the hook.
                "conn-fields": FIELDS,
                "ui-field-behaviour": BEHAVIOUR,
            }
        ],
        "extra-links": [f"{_PACKAGE}.links.AtlasClusterLink"],
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": _NAME, "python-modules": [f"{_PACKAGE}.{name}" for name in names]}
