from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .deployment import OUR_MODULES

if TYPE_CHECKING:
    from .deployment import Deployment


def rows(airflow: Deployment, *arguments: str) -> list[dict[str, Any]]:
    """Run one of Airflow's commands that list something."""
    shown = airflow.run(*arguments, "--output", "json")
    return json.loads(shown[shown.index("[") :])


def test_airflow_shows_the_provider_with_its_version(airflow: Deployment) -> None:
    (row,) = rows(airflow, "providers", "get", "atlas-backups")

    assert row == {"Provider": "atlas-backups", "Version": version("atlas-backups")}


def test_airflow_knows_the_connection_type_and_the_link(airflow: Deployment) -> None:
    hooks = {row["connection_type"]: row for row in rows(airflow, "providers", "hooks")}
    links = [row["extra_link_class_name"] for row in rows(airflow, "providers", "links")]

    assert hooks["mongodb_atlas"]["package_name"] == "atlas-backups"
    assert hooks["mongodb_atlas"]["class"] == "atlas_backups.airflow.hook.AtlasBackupsHook"
    assert "atlas_backups.airflow.links.AtlasClusterLink" in links


def test_importing_our_modules_warns_of_nothing_deprecated(airflow: Deployment) -> None:
    names = [name for name in OUR_MODULES if name.startswith("atlas_backups.airflow")]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(  # noqa: S603 - a program of the test's own
        # The environment turns warnings about our modules into errors.
        [sys.executable, "-c", program, *names],
        env=airflow.environment,
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )

    assert (done.returncode, names != []) == (0, True), done.stderr
