"""The tag of an idempotency key, computed independently of the client."""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256

from tests.flavor import CLUSTER_NAME, GROUP_ID


def tag_of(key: str, cluster_name: str = CLUSTER_NAME, group_id: str = GROUP_ID) -> str:
    parts = ("atlas-backups:1", key, group_id, cluster_name)
    digest = sha256("".join(f"{part}\0" for part in parts).encode()).digest()
    return f"[ab1:{b32encode(digest)[:26].decode()}]"
