"""`AtlasBackupsHook`: creates a client from a connection."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import (
    AirflowNotFoundException,
    BaseHook,
    connection_without_blocking,
    sync_to_async,
)
from atlas_backups.airflow.connection import settings_of
from atlas_backups.airflow.connection_form import BEHAVIOUR, FIELDS
from atlas_backups.errors import AtlasError, ConfigurationError

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.airflow.connection import Settings

_NAMED_PROJECTS = 5


class AtlasBackupsHook(BaseHook):
    """Creates clients of MongoDB Atlas from an Airflow connection of the type `mongodb_atlas`.

    Args:
        atlas_conn_id: id of the connection.
    """

    conn_name_attr = "atlas_conn_id"
    default_conn_name = "mongodb_atlas_default"
    conn_type = "mongodb_atlas"
    hook_name = "MongoDB Atlas"

    def __init__(self, atlas_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.atlas_conn_id = atlas_conn_id

    def get_conn(self) -> AtlasBackups:
        """Create a client; close it, or use it in a `with`.

        Raises:
            ConfigurationError: the connection is missing or invalid.
        """
        return self.settings().client()

    def settings(self) -> Settings:
        """Read the connection.

        Raises:
            ConfigurationError: the same.
        """
        try:
            connection = self.get_connection(self.atlas_conn_id)
        except AirflowNotFoundException as error:
            raise self._missing() from error
        return settings_of(connection)

    async def settings_async(self) -> Settings:
        """Call `settings` without blocking the event loop of a triggerer."""
        try:
            connection = await connection_without_blocking(self.atlas_conn_id)
        except AirflowNotFoundException as error:
            raise self._missing() from error
        # In a thread, because masking secrets is a blocking request to Airflow, too.
        return await sync_to_async(settings_of)(connection)

    def test_connection(self) -> tuple[bool, str]:
        """Test the connection, for the button in the form, by listing projects.

        Whether the role allows backups shows only when a snapshot is taken.
        """
        try:
            # A cached token may belong to another secret.
            given = self.settings()
            settings = replace(given, token_cache=None)
            # Short, because a person waits for the response.
            with settings.client(total_timeout=15.0, max_retries=1) as atlas:
                projects = atlas.list_projects()
        except AtlasError as error:
            return False, str(error)
        if not projects:
            return False, (
                f"{settings.base_url} accepts the credentials, but they see no project: give them "
                "the role Project Backup Manager (or Project Backup Creator) in one"
            )
        names = ", ".join(project.name or project.id for project in projects[:_NAMED_PROJECTS])
        more = len(projects) - _NAMED_PROJECTS
        return True, (
            f"{settings.base_url} accepts the credentials; they see {names}"
            + (f" and {more} more projects" if more > 0 else "")
            + ". To take snapshots they need the role Project Backup Manager or Creator there"
            + _cache_note(given.token_cache)
        )

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the fields of the form, for Airflow before 3.2."""
        # Only the web server of 2.11 has these.
        from wtforms import PasswordField, StringField  # noqa: PLC0415

        fieldwidgets: Any = import_module("flask_appbuilder.fieldwidgets")
        widgets: dict[str, Any] = {}
        for name, field in FIELDS.items():
            if field["schema"].get("format") == "password":
                kind, widget = PasswordField, fieldwidgets.BS3PasswordFieldWidget()
            else:
                kind, widget = StringField, fieldwidgets.BS3TextFieldWidget()
            widgets[name] = kind(field["label"], description=field["description"], widget=widget)
        return widgets

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the layout of the other fields, for Airflow before 3.2."""
        return {name.replace("-", "_"): value for name, value in BEHAVIOUR.items()}

    def _missing(self) -> ConfigurationError:
        variable = f"AIRFLOW_CONN_{self.atlas_conn_id.upper()}"
        if variable in os.environ:
            return ConfigurationError(
                f"Airflow cannot read {variable}: in a URI, write the base URL as "
                "http%3A%2F%2F127.0.0.1:8080, or use JSON"
            )
        return ConfigurationError(
            f"there is no connection {self.atlas_conn_id!r}: create one of the type "
            f"{self.hook_name!r} under Admin, Connections, or set {variable}"
        )


def _cache_note(path: str | None) -> str:
    """Return a note if the token cache is unusable here; not an error, for workers may differ."""
    if path is None or os.access(Path(path).absolute().parent, os.W_OK | os.X_OK):
        return ""
    return (
        f". But the directory of the token cache {path} does not exist or is not writable on this "
        "machine. On such a worker every task fetches its own token"
    )
