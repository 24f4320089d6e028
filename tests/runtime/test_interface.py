"""`__all__` is exactly the public interface, and importing the package does no work."""

from __future__ import annotations

import subprocess
import sys

import atlas_backups

PUBLIC = [
    "__version__",
    "AtlasBackups",
    "AccessToken",
    "ApiKey",
    "ServiceAccount",
    "Snapshot",
    "ReplicaSetSnapshot",
    "ShardedClusterSnapshot",
    "FlexSnapshot",
    "SnapshotMember",
    "Link",
    "RawResponse",
    "Headers",
    "Project",
    "Cluster",
    "SnapshotList",
    "SnapshotRequest",
    "SnapshotOutcome",
    "SnapshotOutcomes",
    "Coverage",
    "ClusterCoverage",
    "CloudProvider",
    "ClusterType",
    "ConfigServerType",
    "FrequencyType",
    "IfBusy",
    "SnapshotClusterType",
    "SnapshotStatus",
    "SnapshotType",
    "AtlasError",
    "ConfigurationError",
    "ClientClosedError",
    "InvalidArgumentError",
    "TransportError",
    "RequestTimeoutError",
    "InvalidResponseError",
    "AmbiguousOutcomeError",
    "DuplicateSnapshotsError",
    "SnapshotFailedError",
    "WaitTimeoutError",
    "FieldViolation",
    "ApiError",
    "BadRequestError",
    "ValidationError",
    "SnapshotInProgressError",
    "BackupNotEnabledError",
    "ClusterNotSupportedError",
    "CompliancePolicyError",
    "SnapshotNotCompletedError",
    "UnauthorizedError",
    "NotOrgGroupCreatorError",
    "PaymentRequiredError",
    "ForbiddenError",
    "CannotChangeGroupNameError",
    "IpAccessListError",
    "NotFoundError",
    "ResourceNotFoundError",
    "ProjectNotFoundError",
    "ClusterNotFoundError",
    "SnapshotNotFoundError",
    "MethodNotAllowedError",
    "NotAcceptableError",
    "ConflictError",
    "GoneError",
    "RateLimitError",
    "ServerError",
    "UnexpectedServerError",
    "ServiceUnavailableError",
]

AFTER_IMPORT = """
import os, sys, threading
before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
import atlas_backups
assert threading.active_count() == 1, threading.enumerate()
if os.path.isdir("/proc/self/task"):
    assert len(os.listdir("/proc/self/task")) == 1
    after = set(os.listdir("/proc/self/fd"))
    links = [os.readlink(f"/proc/self/fd/{fd}") for fd in after - before if
             os.path.exists(f"/proc/self/fd/{fd}")]
    kinds = ("socket:", "pipe:", "anon_inode:")
    assert not [link for link in links if link.startswith(kinds)], links
late = {"asyncio", "ssl", "http.client", "urllib.request", "json", "subprocess", "socket",
        "pandas", "polars", "numpy"}
loaded = sorted(late & set(sys.modules))
assert not loaded, loaded
assert not [name for name in sys.modules if name.startswith("atlas_backups.emulator")]
client = atlas_backups.AtlasBackups(atlas_backups.AccessToken("t-0123456"))
assert threading.active_count() == 1
if os.path.isdir("/proc/self/task"):
    assert len(os.listdir("/proc/self/task")) == 1
"""


def test_all_is_the_documented_interface() -> None:
    assert sorted(atlas_backups.__all__) == sorted(PUBLIC)
    assert len(set(PUBLIC)) == len(PUBLIC)


def test_every_public_name_resolves() -> None:
    for name in PUBLIC:
        assert getattr(atlas_backups, name) is not None


def test_public_class_has_a_public_module() -> None:
    for name in PUBLIC:
        value = getattr(atlas_backups, name)
        if isinstance(value, type):
            assert value.__module__.partition(".")[0] == "atlas_backups"
            assert "_core" not in value.__module__
            assert value.__doc__, name


def test_import_starts_no_thread_and_opens_no_socket() -> None:
    done = subprocess.run(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, "-I", "-c", AFTER_IMPORT], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
