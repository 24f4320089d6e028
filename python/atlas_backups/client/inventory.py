"""The methods that list projects and clusters, and report their backup coverage."""

from __future__ import annotations

from atlas_backups.client.base import BaseClient
from atlas_backups.client.sansio import Effects, run_async, run_sync
from atlas_backups.coverage import WINDOW_DAYS, ClusterCoverage, Coverage
from atlas_backups.inventory import Cluster, Project


class InventoryMethods(BaseClient):
    """The methods that list projects and clusters, and report their backup coverage."""

    __slots__ = ()

    def list_projects(self) -> tuple[Project, ...]:
        """List the projects that the credentials can see; reads all pages.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Returns:
            The projects, in the order of Atlas.

        Raises:
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return run_sync(self._execute_read(self._core.list_projects()))

    async def list_projects_async(self) -> tuple[Project, ...]:
        """List the projects that the credentials can see; reads all pages.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Returns:
            The projects, in the order of Atlas.

        Raises:
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return await run_async(self._execute_read(self._core.list_projects()))

    def get_project(self, project: str) -> Project:
        """Find a project by its id or its exact name.

        A name takes a list of all projects, an id one request.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            project: id of the project, 24 hexadecimal digits, or its name.

        Returns:
            The project.

        Raises:
            InvalidArgumentError: `project` is invalid, or several projects have the name.
            ProjectNotFoundError: there is none; the message has the nearest names.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return run_sync(self._execute_read(self._core.get_project(project)))

    async def get_project_async(self, project: str) -> Project:
        """Find a project by its id or its exact name.

        A name takes a list of all projects, an id one request.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            project: id of the project, 24 hexadecimal digits, or its name.

        Returns:
            The project.

        Raises:
            InvalidArgumentError: `project` is invalid, or several projects have the name.
            ProjectNotFoundError: there is none; the message has the nearest names.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return await run_async(self._execute_read(self._core.get_project(project)))

    def find_cluster(self, cluster: str, *, project: str | None = None) -> Cluster:
        """Find a cluster by its name, or by its connection string; flex clusters are included.

        A name is looked up in one project. A connection string is looked up in `project`, or else
        in all projects that the credentials see; its user name and password are ignored, and no
        message shows it.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            cluster: exact name of the cluster, or a `mongodb+srv://` or `mongodb://` URI.
            project: id or exact name of the project; `None`: `MONGODB_ATLAS_PROJECT_ID` for a
                name, all projects for a URI.

        Returns:
            The cluster.

        Raises:
            InvalidArgumentError: an argument is invalid, no project is known, or several clusters
                match.
            ClusterNotFoundError: there is none; the message has the nearest names.
            ProjectNotFoundError: there is no such project.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        operation = self._core.find_cluster(cluster, project=project)
        return run_sync(self._execute_read(operation))

    async def find_cluster_async(self, cluster: str, *, project: str | None = None) -> Cluster:
        """Find a cluster by its name, or by its connection string; flex clusters are included.

        A name is looked up in one project. A connection string is looked up in `project`, or else
        in all projects that the credentials see; its user name and password are ignored, and no
        message shows it.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            cluster: exact name of the cluster, or a `mongodb+srv://` or `mongodb://` URI.
            project: id or exact name of the project; `None`: `MONGODB_ATLAS_PROJECT_ID` for a
                name, all projects for a URI.

        Returns:
            The cluster.

        Raises:
            InvalidArgumentError: an argument is invalid, no project is known, or several clusters
                match.
            ClusterNotFoundError: there is none; the message has the nearest names.
            ProjectNotFoundError: there is no such project.
            ApiError: Atlas rejected the request; the class says why.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        operation = self._core.find_cluster(cluster, project=project)
        return await run_async(self._execute_read(operation))

    def list_clusters(self, group_id: str) -> tuple[Cluster, ...]:
        """List the clusters of a project; reads all pages.

        Flex clusters, which have no on-demand snapshots, are not included: `backup_coverage`
        includes them.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.

        Returns:
            The clusters, in the order of Atlas.

        Raises:
            InvalidArgumentError: `group_id` is invalid; nothing was sent.
            ProjectNotFoundError: there is none; other `ApiError`s: Atlas rejected the request.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return run_sync(self._execute_read(self._core.list_clusters(group_id)))

    async def list_clusters_async(self, group_id: str) -> tuple[Cluster, ...]:
        """List the clusters of a project; reads all pages.

        Flex clusters, which have no on-demand snapshots, are not included: `backup_coverage`
        includes them.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits.

        Returns:
            The clusters, in the order of Atlas.

        Raises:
            InvalidArgumentError: `group_id` is invalid; nothing was sent.
            ProjectNotFoundError: there is none; other `ApiError`s: Atlas rejected the request.
            TransportError: Atlas was not reached, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired.
            ClientClosedError: the client is closed.
        """
        return await run_async(self._execute_read(self._core.list_clusters(group_id)))

    def backup_coverage(self, group_id: str | None = None) -> Coverage:
        """Report how well each cluster of a project, or of all projects, is backed up.

        Reads several lists concurrently, each as far back as the last 30 days and a completed
        snapshot require. A list that cannot be read, or that `total_timeout` leaves unread, is an
        entry with an `error`; a project without clusters has no entry. Flex clusters are included.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits. `None`: all projects
                that the credentials can see.

        Returns:
            One entry for each cluster, and for each project whose clusters cannot be listed; the
            worst first.

        Raises:
            InvalidArgumentError: `group_id` is invalid; nothing was sent.
            ProjectNotFoundError: there is no such project; other `ApiError`s: Atlas rejected the
                credentials, or the list of projects, or the clusters of the one project.
            TransportError: that list could not be read, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired before it arrived.
            ClientClosedError: the client is closed.
        """
        return run_sync(self._coverage(group_id))

    async def backup_coverage_async(self, group_id: str | None = None) -> Coverage:
        """Report how well each cluster of a project, or of all projects, is backed up.

        Reads several lists concurrently, each as far back as the last 30 days and a completed
        snapshot require. A list that cannot be read, or that `total_timeout` leaves unread, is an
        entry with an `error`; a project without clusters has no entry. Flex clusters are included.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 lower-case hexadecimal digits. `None`: all projects
                that the credentials can see.

        Returns:
            One entry for each cluster, and for each project whose clusters cannot be listed; the
            worst first.

        Raises:
            InvalidArgumentError: `group_id` is invalid; nothing was sent.
            ProjectNotFoundError: there is no such project; other `ApiError`s: Atlas rejected the
                credentials, or the list of projects, or the clusters of the one project.
            TransportError: that list could not be read, after all retries.
            InvalidResponseError: the response is not one of Atlas.
            RequestTimeoutError: `total_timeout` expired before it arrived.
            ClientClosedError: the client is closed.
        """
        return await run_async(self._coverage(group_id))

    def _coverage(self, group_id: str | None) -> Effects[Coverage]:
        operation = self._core.backup_coverage(group_id, days=WINDOW_DAYS)
        taken_at, clusters = yield from self._execute_read(operation)
        entries = (ClusterCoverage(taken_at=taken_at, **fields) for fields in clusters)
        return Coverage(entries, taken_at=taken_at)
