"""Which projects and clusters there are."""

from __future__ import annotations

from atlas_backups.client.base import Base
from atlas_backups.client.drive import drive, drive_async
from atlas_backups.inventory import Cluster, Project


class InventoryMethods(Base):
    """The methods that list projects and clusters."""

    __slots__ = ()

    def list_projects(self) -> tuple[Project, ...]:
        """List the projects that the credentials can see, however many pages there are.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Returns:
            The projects, in Atlas' order.

        Raises:
            ApiError: Atlas refused; its class says why.
            TransportError: Atlas could not be reached, after all retries.
            InvalidResponseError: the answer is not what Atlas sends.
            RequestTimeoutError: `total_timeout` ended.
            ClientClosedError: the client was closed before.
        """
        return drive(self._read(self._core.list_projects()))

    async def list_projects_async(self) -> tuple[Project, ...]:
        """Call `list_projects` from asyncio."""
        return await drive_async(self._read(self._core.list_projects()))

    def list_clusters(self, group_id: str) -> tuple[Cluster, ...]:
        """List the clusters of a project, however many pages there are.

        Flex clusters, of which no snapshots are taken on demand, have a list of their own at Atlas:
        `backup_coverage` reads both.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 hexadecimal digits in lower case.

        Returns:
            The clusters, in Atlas' order.

        Raises:
            InvalidArgumentError: `group_id` cannot be right; nothing was sent.
            ProjectNotFoundError: there is none; other `ApiError`s: Atlas refused.
            TransportError: Atlas could not be reached, after all retries.
            InvalidResponseError: the answer is not what Atlas sends.
            RequestTimeoutError: `total_timeout` ended.
            ClientClosedError: the client was closed before.
        """
        return drive(self._read(self._core.list_clusters(group_id)))

    async def list_clusters_async(self, group_id: str) -> tuple[Cluster, ...]:
        """Call `list_clusters` from asyncio."""
        return await drive_async(self._read(self._core.list_clusters(group_id)))
