"""What to say to whoever stopped waiting: how to go on."""

from __future__ import annotations


def call_to_wait(group_id: str, cluster_name: str, snapshot_id: str) -> str:
    """Return the call that waits for a snapshot, to copy."""
    return f'atlas.wait_for_snapshot("{group_id}", "{cluster_name}", "{snapshot_id}")'
