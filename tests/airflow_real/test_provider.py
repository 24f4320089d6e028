from __future__ import annotations

from typing import TYPE_CHECKING

from .deployment import MAJOR

if TYPE_CHECKING:
    from .deployment import Deployment


def test_airflow_shows_the_provider(airflow: Deployment) -> None:
    shown = airflow.run("providers", "get", "atlas-backups", "--output", "json")

    assert "atlas-backups" in shown
