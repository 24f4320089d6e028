from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import AtlasEmulator
from tests.airflow_integration.deployment import Deployment
from tests.airflow_integration.world import Site, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator

FLEET_SIZE = 10
SNAPSHOT_SECONDS = 4.0

_unused = iter(range(100))


@pytest.fixture(scope="session")
def service() -> Iterator[AtlasEmulator]:
    world = make_world(fleet=FLEET_SIZE)
    with AtlasEmulator(world=world, snapshot_seconds=SNAPSHOT_SECONDS) as service:
        yield service


@pytest.fixture(scope="session")
def airflow(
    service: AtlasEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """An Airflow that runs one task at a time, so that a blocked worker stops all others."""
    with Deployment(tmp_path_factory.mktemp("airflow"), service, parallelism=1) as airflow:
        airflow.add_pool("one_slot", 1)
        airflow.add_pool("fleet", 4)
        yield airflow


@pytest.fixture
def site(service: AtlasEmulator, airflow: Deployment) -> Iterator[Site]:
    """A cluster that no other test uses."""
    yield Site(airflow, service, f"Cluster{next(_unused)}")
    assert service.failures == ()
