"""Which path and method mean which operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from . import errors
from .access import MANAGE, READ, TAKE
from .query import COMMON, PAGING

if TYPE_CHECKING:
    from .world import Role

PREFIX = "/api/atlas/v2"
_CLUSTER = f"{PREFIX}/groups/{{groupId}}/clusters/{{clusterName}}"
_SNAPSHOTS = f"{_CLUSTER}/backup/snapshots"
_POINT_IN_TIME = frozenset({"pointInTimeUtcSeconds", "oplogTs", "oplogInc"})
_CLUSTER_FIELDS = frozenset({"includeDeletedWithRetainedBackups"})
_FLEX_CLUSTERS = f"{PREFIX}/groups/{{groupId}}/flexClusters"
_FLEX_CLUSTER = f"{_FLEX_CLUSTERS}/{{clusterName}}"
_FLEX_SNAPSHOTS = f"{_FLEX_CLUSTER}/backup/snapshots"
_FLEX_RESTORE_JOBS = f"{_FLEX_CLUSTER}/backup/restoreJobs"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One operation.

    Args:
        name: Its name, which `VersionNotice.target` may use.
        method: HTTP method.
        template: Path with its parameters in braces.
        resource: What is versioned and limited together.
        roles: Who may; None: whoever has got in.
        parameters: Query parameters besides `envelope` and `pretty`.
        has_body: Whether it reads a JSON body.
    """

    name: str
    method: str
    template: str
    resource: str
    roles: frozenset[Role] | None = READ
    parameters: frozenset[str] = frozenset()
    has_body: bool = False
    segments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.template.split("/")))
        object.__setattr__(self, "parameters", self.parameters | COMMON)

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path parameters if the path is this route's."""
        if len(segments) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for mine, theirs in zip(self.segments, segments, strict=True):
            if mine.startswith("{"):
                found[mine[1:-1]] = unquote(theirs)
            elif mine != theirs:
                return None
        return found


# The first match counts, so fixed words stand before parameters.
ROUTES = (
    Route(
        name="listProjects",
        method="GET",
        template=f"{PREFIX}/groups",
        resource="projects",
        roles=None,
        parameters=PAGING,
    ),
    Route(
        name="getProjectByName",
        method="GET",
        template=f"{PREFIX}/groups/byName/{{groupName}}",
        resource="projects",
        roles=None,
    ),
    Route(
        name="getProject",
        method="GET",
        template=f"{PREFIX}/groups/{{groupId}}",
        resource="projects",
    ),
    Route(
        name="listClusters",
        method="GET",
        template=f"{PREFIX}/groups/{{groupId}}/clusters",
        resource="clusters",
        parameters=PAGING | _CLUSTER_FIELDS,
    ),
    Route(name="getCluster", method="GET", template=_CLUSTER, resource="clusters"),
    Route(
        name="listSnapshots",
        method="GET",
        template=_SNAPSHOTS,
        resource="snapshots",
        parameters=PAGING | _POINT_IN_TIME,
    ),
    Route(
        name="takeSnapshot",
        method="POST",
        template=_SNAPSHOTS,
        resource="snapshots",
        roles=TAKE,
        has_body=True,
    ),
    Route(
        name="listShardedSnapshots",
        method="GET",
        template=f"{_SNAPSHOTS}/shardedClusters",
        resource="snapshots",
    ),
    Route(
        name="getShardedSnapshot",
        method="GET",
        template=f"{_SNAPSHOTS}/shardedCluster/{{snapshotId}}",
        resource="snapshots",
    ),
    Route(
        name="deleteShardedSnapshot",
        method="DELETE",
        template=f"{_SNAPSHOTS}/shardedCluster/{{snapshotId}}",
        resource="snapshots",
        roles=MANAGE,
    ),
    Route(
        name="getSnapshot",
        method="GET",
        template=f"{_SNAPSHOTS}/{{snapshotId}}",
        resource="snapshots",
    ),
    Route(
        name="changeRetention",
        method="PATCH",
        template=f"{_SNAPSHOTS}/{{snapshotId}}",
        resource="snapshots",
        roles=MANAGE,
        has_body=True,
    ),
    Route(
        name="deleteSnapshot",
        method="DELETE",
        template=f"{_SNAPSHOTS}/{{snapshotId}}",
        resource="snapshots",
        roles=MANAGE,
    ),
    Route(
        name="getSchedule",
        method="GET",
        template=f"{_CLUSTER}/backup/schedule",
        resource="schedules",
    ),
    Route(
        name="listContainers",
        method="GET",
        template=f"{PREFIX}/groups/{{groupId}}/containers",
        resource="containers",
        parameters=PAGING | {"providerName"},
    ),
    Route(
        name="listTeams",
        method="GET",
        template=f"{PREFIX}/groups/{{groupId}}/teams",
        resource="teams",
        parameters=PAGING,
    ),
    Route(
        name="listFlexClusters",
        method="GET",
        template=_FLEX_CLUSTERS,
        resource="flexClusters",
        parameters=PAGING,
    ),
    Route(name="getFlexCluster", method="GET", template=_FLEX_CLUSTER, resource="flexClusters"),
    Route(
        name="listFlexSnapshots",
        method="GET",
        template=_FLEX_SNAPSHOTS,
        resource="flexSnapshots",
        parameters=PAGING,
    ),
    Route(
        name="getFlexSnapshot",
        method="GET",
        template=f"{_FLEX_SNAPSHOTS}/{{snapshotId}}",
        resource="flexSnapshots",
    ),
    Route(
        name="listFlexRestoreJobs",
        method="GET",
        template=_FLEX_RESTORE_JOBS,
        resource="flexRestoreJobs",
        parameters=PAGING,
    ),
    Route(
        name="getFlexRestoreJob",
        method="GET",
        template=f"{_FLEX_RESTORE_JOBS}/{{restoreJobId}}",
        resource="flexRestoreJobs",
    ),
)


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and its path parameters.

    Raises:
        Refusal: 404 for an unknown path, 405 for a method that the path does not have.
    """
    segments = path.split("/")
    allowed: list[str] = []
    template = None
    for route in ROUTES:
        parameters = route.match(segments)
        if parameters is None or template not in {None, route.template}:
            continue
        if route.method == method:
            return route, parameters
        template = route.template
        allowed.append(route.method)
    if allowed:
        raise errors.method_not_allowed(method, path, allowed)
    raise errors.resource_not_found(path)
