"""The clusters of the tests and benchmarks, and the requests for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.emulator import Cluster, Project, World

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator, EmulatedSnapshot

    from .deployment import Deployment, Run

SCENARIOS_ID = "66b0c1d2e3f4a5b6c7d8e9f0"
FLEET_ID = "66b0c1d2e3f4a5b6c7d8e9f1"


def make_world(*, fleet: int) -> World:
    """Return a project with a cluster for every scenario, and one with a fleet of that size."""
    return World(
        projects=(
            Project(name="Scenarios", id=SCENARIOS_ID, clusters=_clusters(100)),
            Project(name="Fleet", id=FLEET_ID, clusters=_clusters(fleet)),
        )
    )


def _clusters(count: int) -> tuple[Cluster, ...]:
    return tuple(Cluster(name=f"Cluster{number}") for number in range(count))


class Site:
    """One cluster of the scenarios: its DAG, and the requests that Atlas received.

    Args:
        airflow: Where the DAG runs.
        service: Atlas.
        cluster_name: The cluster.
    """

    def __init__(self, airflow: Deployment, service: AtlasEmulator, cluster_name: str) -> None:
        self.airflow = airflow
        self.service = service
        self.cluster_name = cluster_name
        self.path = f"/groups/{SCENARIOS_ID}/clusters/{cluster_name}/backup/"

    def take(self, dag_id: str = "take") -> Run:
        """Start the DAG that takes a snapshot of the cluster, in its task `take`."""
        run_id = f"{dag_id}-{self.cluster_name}"
        conf = {"group_id": SCENARIOS_ID, "cluster_name": self.cluster_name}
        return self.airflow.trigger(dag_id, run_id, **conf)

    @property
    def posts(self) -> int:
        """Number of requests for a snapshot of the cluster."""
        return self._received("POST")

    @property
    def polls(self) -> int:
        """Number of reads of the cluster's snapshots."""
        return self._received("GET")

    @property
    def snapshots(self) -> list[EmulatedSnapshot]:
        """The cluster's snapshots, oldest first."""
        return [
            snapshot
            for snapshot in self.service.snapshots
            if (snapshot.group_id, snapshot.cluster_name) == (SCENARIOS_ID, self.cluster_name)
        ]

    def _received(self, method: str) -> int:
        requests = self.service.requests
        return sum(item.method == method and self.path in item.path for item in requests)
