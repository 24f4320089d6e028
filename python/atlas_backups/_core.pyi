# The private Rust module: what the package itself calls. Users find the same names, documented,
# in `atlas_backups`.
import os
from asyncio import Future
from datetime import datetime
from typing import Any, Generic, NoReturn, TypeVar, final

from typing_extensions import Self, disjoint_base

from atlas_backups.errors import AmbiguousOutcomeError, AtlasError
from atlas_backups.inventory import Cluster, Project
from atlas_backups.models import RawResponse, Snapshot

__all__ = [
    "AccessToken",
    "ApiKey",
    "Client",
    "Credential",
    "Fleet",
    "Operation",
    "ServiceAccount",
    "__version__",
    "credentials_from_environment",
    "process",
]

__version__: str

_ResultT_co = TypeVar("_ResultT_co", covariant=True)

@disjoint_base
class Credential:
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...
    def __reduce__(self) -> NoReturn: ...

@final
class ServiceAccount(Credential):
    def __new__(cls, client_id: str, client_secret: str) -> ServiceAccount: ...

@final
class ApiKey(Credential):
    def __new__(cls, public_key: str, private_key: str) -> ApiKey: ...

@final
class AccessToken(Credential):
    def __new__(cls, token: str) -> AccessToken: ...

@final
class Operation(Generic[_ResultT_co]):
    def run(self) -> _ResultT_co: ...
    def run_async(self) -> Future[_ResultT_co]: ...
    def abandon(self) -> None: ...
    def cancel(self) -> None: ...
    @property
    def time_waited(self) -> float: ...
    @property
    def deprecation(self) -> str | None: ...
    @property
    def lost_tag(self) -> str | None: ...
    def pending_outcome(self) -> AmbiguousOutcomeError | None: ...

def process() -> tuple[int, int]: ...

@final
class Fleet:
    def join_loop(self) -> None: ...
    def add(
        self,
        number: int,
        group_id: str,
        cluster_name: str,
        description: str | None,
        retention_in_days: int | None,
        idempotency_key: str | None,
        /,
    ) -> None: ...
    def next(self) -> Operation[tuple[tuple[int, Snapshot | None, AtlasError | None], ...]]: ...
    def forget(self, number: int) -> None: ...
    def cancel(self) -> list[AmbiguousOutcomeError]: ...

@final
class Client:
    def __new__(
        cls,
        *,
        base_url: str | None,
        connect_timeout: float,
        timeout: float,
        total_timeout: float,
        max_retries: int,
        token_cache: str | os.PathLike[str] | None,
        proxy: str | None,
        ca_file: str | os.PathLike[str] | None,
        user_agent: str,
    ) -> Client: ...
    @property
    def base_url(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    @property
    def generation(self) -> int: ...
    def set_credentials(self, credentials: Credential) -> int: ...
    def take_snapshot(
        self,
        group_id: str,
        cluster_name: str,
        description: str | None,
        retention_in_days: int | None,
        idempotency_key: str | None,
        if_busy: str,
        wait_timeout: float,
        envelope: bool,
        pretty: bool,
        /,
    ) -> Operation[Snapshot]: ...
    def take_snapshot_raw(
        self,
        group_id: str,
        cluster_name: str,
        *,
        description: str | None,
        retention_in_days: int | None,
        envelope: bool,
        pretty: bool,
    ) -> Operation[RawResponse]: ...
    def get_snapshot(
        self, group_id: str, cluster_name: str, snapshot_id: str, is_sharded: bool
    ) -> Operation[Snapshot]: ...
    def list_snapshots(
        self, group_id: str, cluster_name: str, *, include_sharded: bool
    ) -> Operation[tuple[Snapshot, ...]]: ...
    def watch_snapshot(
        self,
        group_id: str,
        cluster_name: str,
        snapshot_id: str,
        is_sharded: bool,
        *,
        timeout: float,
        poll_interval: float | None,
        reject_failed: bool,
    ) -> Operation[Snapshot]: ...
    def update_retention(
        self,
        group_id: str,
        cluster_name: str,
        snapshot_id: str,
        *,
        days: int | None,
        weeks: int | None,
        months: int | None,
        years: int | None,
        wait: bool,
        wait_timeout: float,
    ) -> Operation[Snapshot]: ...
    def delete_snapshot(
        self,
        group_id: str,
        cluster_name: str,
        snapshot_id: str,
        is_sharded: bool,
        *,
        wait: bool,
        wait_timeout: float,
    ) -> Operation[None]: ...
    def list_projects(self) -> Operation[tuple[Project, ...]]: ...
    def get_project(self, project: str) -> Operation[Project]: ...
    def find_cluster(self, cluster: str, *, project: str | None) -> Operation[Cluster]: ...
    def list_clusters(self, group_id: str) -> Operation[tuple[Cluster, ...]]: ...
    def backup_coverage(
        self, group_id: str | None, *, days: int
    ) -> Operation[tuple[datetime, tuple[dict[str, Any], ...]]]: ...
    def fleet(self, *, if_busy: str, wait: bool, wait_timeout: float) -> Fleet: ...
    def close(self) -> Operation[None] | None: ...
    def proxy_to_pickle(self) -> str | None: ...

def credentials_from_environment() -> Credential: ...
