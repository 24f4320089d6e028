# The private Rust module: what the package itself calls. Users find the same names, documented,
# in `atlas_backups`.
import os
from asyncio import Future
from typing import Generic, TypeVar, final

from atlas_backups.models import RawResponse, Snapshot

__version__: str

ResultT_co = TypeVar("ResultT_co", covariant=True)

class Credential:
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

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
class Pending(Generic[ResultT_co]):
    @property
    def future(self) -> Future[ResultT_co]: ...
    def cancel(self) -> None: ...

@final
class Operation(Generic[ResultT_co]):
    def blocking(self) -> ResultT_co: ...
    def start(self) -> Pending[ResultT_co]: ...

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
        *,
        description: str | None,
        retention_in_days: int | None,
        envelope: bool,
        pretty: bool,
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
    def close(self) -> Operation[None] | None: ...

def credentials_from_environment() -> Credential: ...
def has_credentials(url: str) -> bool: ...
