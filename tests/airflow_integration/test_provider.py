from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from .deployment import OUR_MODULES

if TYPE_CHECKING:
    from .deployment import Deployment


def test_provider_is_listed_with_version(airflow: Deployment) -> None:
    shown = airflow.run("providers", "get", "atlas-backups", "--output", "json")

    # Airflow 2 prints a warning first.
    (row,) = json.loads(shown[shown.index("[{") :])
    assert row == {"Provider": "atlas-backups", "Version": version("atlas-backups")}


def test_import_causes_no_deprecation_warning(airflow: Deployment) -> None:
    names = [name for name in OUR_MODULES if name.startswith("atlas_backups.airflow")]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(  # noqa: S603 - a program of the test's own
        # The environment makes warnings in our modules errors.
        [sys.executable, "-c", program, *names],
        env=airflow.environment,
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )

    assert (done.returncode, names != []) == (0, True), done.stderr
