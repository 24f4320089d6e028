from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

# Airflow reads all of this when it is imported.
_HOME = tempfile.TemporaryDirectory(prefix="atlas-backups-airflow-")
os.environ |= {
    "AIRFLOW_HOME": _HOME.name,
    "AIRFLOW__CORE__DAGS_FOLDER": f"{_HOME.name}/dags",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_HOME.name}/airflow.db",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": f"{_HOME.name}/logs",
    "AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY": "True",  # else 2.11 warns
}

import pytest

from atlas_backups.emulator import AtlasEmulator
from tests.airflow.lab import Lab, connection_variable, make_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Log = Callable[[], str]

FOREIGN_VARIABLES = ("MONGODB_ATLAS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    os.makedirs(f"{_HOME.name}/dags", exist_ok=True)  # noqa: PTH103  # as the path is given
    make_database()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith(FOREIGN_VARIABLES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # of the token cache


@pytest.fixture
def emulator() -> Iterator[AtlasEmulator]:
    with AtlasEmulator(snapshot_seconds=0.5) as emulator:
        yield emulator
    assert emulator.failures == ()


@pytest.fixture
def lab(emulator: AtlasEmulator, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Runs DAGs against the emulator, by the connection of the default name."""
    monkeypatch.setenv("AIRFLOW_CONN_MONGODB_ATLAS_DEFAULT", connection_variable(emulator))
    return Lab(emulator)


@pytest.fixture
def log(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Log:
    """What the tasks have logged so far, wherever this version of Airflow writes it."""
    seen: list[str] = []

    def read() -> str:
        seen.extend(capfd.readouterr())
        return "\n".join([*seen, caplog.text])

    return read
