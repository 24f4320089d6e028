from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import FLEET_SIZE
from .world import FLEET_ID

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator

    from .deployment import Deployment


def test_mapped_tasks_take_one_snapshot_each_and_share_token(
    service: AtlasEmulator, airflow: Deployment
) -> None:
    run = airflow.trigger("fleet", "fleet", group_id=FLEET_ID)
    run.wait_for_all("take", FLEET_SIZE, seconds=180.0)

    taken = [item.cluster_name for item in service.snapshots if item.group_id == FLEET_ID]
    posts = [item for item in service.requests if item.method == "POST"]
    tokens = [item for item in posts if item.path.endswith("/oauth/token")]
    takes = [item for item in posts if FLEET_ID in item.path]
    assert sorted(taken) == sorted(f"Cluster{number}" for number in range(FLEET_SIZE))
    # Including earlier tests.
    assert (len(takes), len(tokens)) == (FLEET_SIZE, 1)
