"""How well clusters are backed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.client.base import Base
from atlas_backups.client.drive import drive, drive_async
from atlas_backups.coverage import WINDOW_DAYS, ClusterCoverage, Coverage

if TYPE_CHECKING:
    from atlas_backups.client.drive import Steps


class CoverageMethods(Base):
    """The methods that look at the backups of many clusters."""

    __slots__ = ()

    def backup_coverage(self, group_id: str | None = None) -> Coverage:
        """Look at the backups of every cluster, of one project or of all.

        Several lists are read at a time, each as far back as the last 30 days and a completed
        snapshot need. One that cannot be read is an entry with an `error`, as is each that
        `total_timeout` leaves unread; a project without clusters has no entry. Flex clusters,
        which Atlas lists apart, are among them.

        See https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ .

        Args:
            group_id: id of the project, 24 hexadecimal digits in lower case. `None`: all projects
                that the credentials can see.

        Returns:
            One entry for each cluster, and for each project whose clusters cannot be listed; the
            worst first.

        Raises:
            InvalidArgumentError: `group_id` cannot be right; nothing was sent.
            ProjectNotFoundError: there is no such project; other `ApiError`s: Atlas refused the
                credentials, or the list of projects, or that of the one project's clusters.
            TransportError: that list could not be read, after all retries.
            InvalidResponseError: it is not what Atlas sends.
            RequestTimeoutError: `total_timeout` ended before it came.
            ClientClosedError: the client was closed before.
        """
        return drive(self._coverage(group_id))

    async def backup_coverage_async(self, group_id: str | None = None) -> Coverage:
        """Call `backup_coverage` from asyncio."""
        return await drive_async(self._coverage(group_id))

    def _coverage(self, group_id: str | None) -> Steps[Coverage]:
        operation = self._core.backup_coverage(group_id, days=WINDOW_DAYS)
        taken_at, clusters = yield from self._read(operation)
        entries = (ClusterCoverage(taken_at=taken_at, **fields) for fields in clusters)
        return Coverage(entries, taken_at=taken_at)
