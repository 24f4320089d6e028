"""On-demand snapshots of MongoDB Atlas clusters.

`AtlasBackups` is the client, sync and asyncio; the other names are its credentials, results and
exceptions. `atlas_backups.emulator` serves the same API on a loopback port.
"""

# As in `typing`, which is slow to import.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from atlas_backups._core import AccessToken, ApiKey, ServiceAccount, __version__
    from atlas_backups.client import AtlasBackups
    from atlas_backups.coverage import ClusterCoverage, Coverage
    from atlas_backups.errors import (
        AmbiguousOutcomeError,
        ApiError,
        AtlasError,
        BackupNotEnabledError,
        BadRequestError,
        CannotChangeGroupNameError,
        ClientClosedError,
        ClusterNotFoundError,
        ClusterNotSupportedError,
        CompliancePolicyError,
        ConfigurationError,
        ConflictError,
        DuplicateSnapshotsError,
        ForbiddenError,
        GoneError,
        InvalidArgumentError,
        InvalidResponseError,
        IpAccessListError,
        MethodNotAllowedError,
        NotAcceptableError,
        NotFoundError,
        NotOrgGroupCreatorError,
        PaymentRequiredError,
        ProjectNotFoundError,
        RateLimitError,
        RequestTimeoutError,
        ResourceNotFoundError,
        ServerError,
        ServiceUnavailableError,
        SnapshotFailedError,
        SnapshotInProgressError,
        SnapshotNotCompletedError,
        SnapshotNotFoundError,
        TransportError,
        UnauthorizedError,
        UnexpectedServerError,
        ValidationError,
        WaitTimeoutError,
    )
    from atlas_backups.fleet import SnapshotOutcome, SnapshotOutcomes, SnapshotRequest
    from atlas_backups.inventory import Cluster, ClusterType, Project
    from atlas_backups.models import (
        CloudProvider,
        ConfigServerType,
        FieldViolation,
        FlexSnapshot,
        FrequencyType,
        Headers,
        IfBusy,
        Link,
        RawResponse,
        ReplicaSetSnapshot,
        ShardedClusterSnapshot,
        Snapshot,
        SnapshotClusterType,
        SnapshotList,
        SnapshotMember,
        SnapshotStatus,
        SnapshotType,
    )

__all__ = [
    "AccessToken",
    "AmbiguousOutcomeError",
    "ApiError",
    "ApiKey",
    "AtlasBackups",
    "AtlasError",
    "BackupNotEnabledError",
    "BadRequestError",
    "CannotChangeGroupNameError",
    "ClientClosedError",
    "CloudProvider",
    "Cluster",
    "ClusterCoverage",
    "ClusterNotFoundError",
    "ClusterNotSupportedError",
    "ClusterType",
    "CompliancePolicyError",
    "ConfigServerType",
    "ConfigurationError",
    "ConflictError",
    "Coverage",
    "DuplicateSnapshotsError",
    "FieldViolation",
    "FlexSnapshot",
    "ForbiddenError",
    "FrequencyType",
    "GoneError",
    "Headers",
    "IfBusy",
    "InvalidArgumentError",
    "InvalidResponseError",
    "IpAccessListError",
    "Link",
    "MethodNotAllowedError",
    "NotAcceptableError",
    "NotFoundError",
    "NotOrgGroupCreatorError",
    "PaymentRequiredError",
    "Project",
    "ProjectNotFoundError",
    "RateLimitError",
    "RawResponse",
    "ReplicaSetSnapshot",
    "RequestTimeoutError",
    "ResourceNotFoundError",
    "ServerError",
    "ServiceAccount",
    "ServiceUnavailableError",
    "ShardedClusterSnapshot",
    "Snapshot",
    "SnapshotClusterType",
    "SnapshotFailedError",
    "SnapshotInProgressError",
    "SnapshotList",
    "SnapshotMember",
    "SnapshotNotCompletedError",
    "SnapshotNotFoundError",
    "SnapshotOutcome",
    "SnapshotOutcomes",
    "SnapshotRequest",
    "SnapshotStatus",
    "SnapshotType",
    "TransportError",
    "UnauthorizedError",
    "UnexpectedServerError",
    "ValidationError",
    "WaitTimeoutError",
    "__version__",
]

# The modules that define the names, the cheap ones first.
_MODULES = ("_core", "errors", "client", "models", "fleet", "inventory", "coverage")

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a name on first use, so that importing the package is cheap."""
        from importlib import import_module  # noqa: PLC0415  # not needed to import the package

        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        if name in __all__:
            for submodule in _MODULES:
                module = import_module(f"{__name__}.{submodule}")
                if hasattr(module, name):
                    return globals().setdefault(name, getattr(module, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
