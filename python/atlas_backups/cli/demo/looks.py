"""How the demo sees its snapshot until the client itself can: one GET after another."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atlas_backups.errors import WaitTimeoutError
from atlas_backups.models import ReplicaSetSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import AtlasEmulator
    from atlas_backups.models import Snapshot

_REQUEST_SECONDS = 10.0


def watch_snapshot(
    emulator: AtlasEmulator, snapshot: Snapshot, *, timeout: float, poll_interval: float
) -> Iterator[Snapshot]:
    """Yield the snapshot now and at every change, the last one final.

    Args:
        emulator: where it is.
        snapshot: as the take returned it.
        timeout: seconds until `WaitTimeoutError`.
        poll_interval: seconds between two looks.
    """
    deadline = time.monotonic() + timeout
    seen: Snapshot | None = None
    while seen is None or not seen.is_final:
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"no end within {timeout:g} s", snapshot=seen)
        look = _get_snapshot(emulator, snapshot)
        if look != seen:
            seen = look
            yield look
        if not look.is_final:
            time.sleep(poll_interval)


# Plain HTTP because AtlasBackups can only take so far: get_snapshot and watch_snapshot of the
# client will replace this module. http.client, unlike urllib, asks no proxy of the environment.
def _get_snapshot(emulator: AtlasEmulator, snapshot: Snapshot) -> Snapshot:
    address = urlsplit(emulator.base_url)
    path = (
        f"{address.path}/api/atlas/v2/groups/{snapshot.group_id}"
        f"/clusters/{snapshot.cluster_name}/backup/snapshots/{snapshot.id}"
    )
    headers = {
        "Accept": "application/vnd.atlas.2025-03-12+json",
        "Authorization": f"Bearer {emulator.credential('access_token').secret}",
    }
    with closing(http.client.HTTPConnection(address.netloc, timeout=_REQUEST_SECONDS)) as host:
        host.request("GET", path, headers=headers)
        answer = host.getresponse()
        body = answer.read()
    if answer.status != http.client.OK:
        raise OSError(f"the emulator answered {answer.status} to GET {path}")
    return _snapshot(json.loads(body), snapshot)


def _snapshot(wire: dict[str, Any], taken: Snapshot) -> Snapshot:
    """Make what `get_snapshot` would return, as far as the demo shows it."""
    return ReplicaSetSnapshot(
        id=wire["id"],
        type=wire["type"],
        status=wire["status"],
        description=wire.get("description"),
        created_at=_time(wire.get("createdAt")),
        expires_at=_time(wire.get("expiresAt")),
        storage_size_bytes=wire.get("storageSizeBytes"),
        mongod_version=wire.get("mongodVersion"),
        cloud_provider=wire.get("cloudProvider"),
        replica_set_name=wire.get("replicaSetName"),
        group_id=taken.group_id,
        cluster_name=taken.cluster_name,
    )


def _time(text: str | None) -> datetime | None:
    # Python 3.10 does not know the Z.
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))
