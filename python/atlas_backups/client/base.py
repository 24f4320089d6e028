"""The state that all methods of the client share, and how they run an operation of the core."""

from __future__ import annotations

import sys
import warnings
from typing import TypeAlias, TypeVar, cast

from atlas_backups._core import Client, Operation

# The core imports these; the statements make freezers such as PyInstaller include them.
from atlas_backups._log_time import set_record_time as set_record_time  # noqa: PLC0414  # see above
from atlas_backups._loop_wakeup import (
    start_wakeup_thread as start_wakeup_thread,  # noqa: PLC0414  # see above
)
from atlas_backups.client.credentials import CredentialSource
from atlas_backups.client.sansio import Effects
from atlas_backups.errors import InvalidArgumentError, UnauthorizedError
from atlas_backups.models import RawResponse, ShardedClusterSnapshot, Snapshot

ResultT = TypeVar("ResultT")

SnapshotAddress: TypeAlias = tuple[str, str, str, bool]
"""Project, cluster, snapshot, and whether the cluster is known to be sharded."""

_UNAUTHORIZED = 401
_PACKAGE = __name__.partition(".")[0]


class BaseClient:
    """Base of the classes that add the methods."""

    __slots__ = ("_core", "_source")

    _core: Client
    _source: CredentialSource

    def _execute(self, operation: Operation[ResultT]) -> Effects[ResultT]:
        """Run an operation; again if Atlas rejects the credentials and there are new ones."""
        __tracebackhide__ = True
        generation = self._source.ensure()
        try:
            result: ResultT = yield operation
        except UnauthorizedError:
            if not self._source.refresh_after(generation):
                raise
        else:
            if not _is_unauthorized(result) or not self._source.refresh_after(generation):
                return result
        repeated: ResultT = yield operation
        return repeated

    def _execute_read(self, operation: Operation[ResultT]) -> Effects[ResultT]:
        """Do the same, and warn once per operation if Atlas has deprecated the API version."""
        __tracebackhide__ = True
        is_warned = operation.deprecation is not None
        result = yield from self._execute(operation)
        if operation.deprecation is not None and not is_warned:
            warnings.warn(operation.deprecation, DeprecationWarning, stacklevel=_stack_level())
        return result


def warn_of_lost_tag(notice: str | None) -> None:
    """Warn that Atlas did not store an idempotency tag; no error, because the snapshot exists."""
    if notice is not None:
        warnings.warn(notice, RuntimeWarning, stacklevel=_stack_level())


def _is_unauthorized(result: object) -> bool:
    return isinstance(result, RawResponse) and result.status == _UNAUTHORIZED


def _stack_level() -> int:
    """Return the `stacklevel` of the caller of this package, for `warn` in the calling function."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as `warnings` itself
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        level, frame = level + 1, frame.f_back
    return level


def snapshot_address(
    group_id: str | Snapshot, cluster_name: str | None, snapshot_id: str | Snapshot | None
) -> SnapshotAddress:
    """Return the address of a snapshot; the core validates its parts.

    Raises:
        InvalidArgumentError: a part is missing, or a snapshot is of another cluster.
    """
    if isinstance(group_id, Snapshot):
        if cluster_name is not None or snapshot_id is not None:
            raise InvalidArgumentError(
                "pass either a Snapshot or (group_id, cluster_name, snapshot_id), not both"
            )
        return _address_of(group_id)
    if cluster_name is None or snapshot_id is None:
        raise InvalidArgumentError(
            "pass group_id, cluster_name and snapshot_id, or one Snapshot instead of the three"
        )
    if not isinstance(snapshot_id, Snapshot):
        return group_id, cluster_name, snapshot_id, False
    address, named = _address_of(snapshot_id), (group_id, cluster_name)
    if not all(isinstance(cast("object", part), str) for part in named):
        return *named, *address[2:]  # the core says what is wrong with them
    if address[:2] != named:
        raise InvalidArgumentError(
            f"snapshot {snapshot_id.id} belongs to cluster {snapshot_id.cluster_name} in project "
            f"{snapshot_id.group_id}, not to the given cluster"
        )
    return address


def _address_of(snapshot: Snapshot) -> SnapshotAddress:
    is_sharded = isinstance(cast("object", snapshot), ShardedClusterSnapshot)
    return snapshot.group_id, snapshot.cluster_name, snapshot.id, is_sharded


def check_bool(name: str, value: object) -> bool:
    """Return a boolean argument.

    Raises:
        InvalidArgumentError: it is of another type.
    """
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"{name} must be a bool, not {type(value).__name__}")
    return value
