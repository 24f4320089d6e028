"""One snapshot as a card: what Atlas has said about it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups._quantities import fine_span, size
from atlas_backups.html.figure import cell, column, facts, figure, grid, head, note, part
from atlas_backups.html.markup import Markup, together
from atlas_backups.html.moments import aware, on_and_ago, requested, second
from atlas_backups.html.status import status_chip
from atlas_backups.html.text import WHOLE, code, words
from atlas_backups.models import ReplicaSetSnapshot, ShardedClusterSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from atlas_backups.html.markup import Child
    from atlas_backups.models import Snapshot

_MOST_MEMBERS = 50
_MOST_NAMES = 12


def snapshot_card(snapshot: Snapshot, at: datetime) -> Markup:
    """Return the drawing of one snapshot; `at` is the time from which ages count."""
    return figure(
        f"Snapshot {snapshot.id} of {snapshot.cluster_name}",
        head(
            together("Snapshot of ", words(snapshot.cluster_name)),
            status_chip(snapshot.status),
        ),
        facts(_facts(snapshot, at)),
        _members(snapshot),
        note("As Atlas described it; ages as of ", f"{second(at)}."),
        kind="ab-card",
    )


def size_of(snapshot: Snapshot) -> str | None:
    """Return its size; 0 means that Atlas has not said it yet, and less is none."""
    count = snapshot.storage_size_bytes or 0
    return size(count) if count > 0 else None


def cut_point(snapshot: Snapshot) -> str | None:
    """Return how long after the request it was that the data in it is of."""
    asked = requested(snapshot)
    if asked is None or snapshot.created_at is None:
        return None
    seconds = (aware(snapshot.created_at) - asked).total_seconds()
    return f"{fine_span(seconds)} later" if seconds >= 0 else None


def described(snapshot: Snapshot) -> str | None:
    """Return its description without the tag of a key."""
    tag = snapshot.idempotency_tag
    text = snapshot.description
    return text if tag is None or text is None else text.removeprefix(tag).strip()


def rhythm(snapshot: Snapshot) -> Markup | None:
    """Return what triggered it, and how often that happens."""
    kinds = [snapshot.snapshot_type, snapshot.frequency_type]
    if kinds[0] and kinds[1] and kinds[0].lower() == kinds[1].lower():
        kinds.pop()
    return _listed(tuple(kind for kind in kinds if kind))


def _facts(snapshot: Snapshot, at: datetime) -> Mapping[str, Child]:
    # Of a status that is not known nobody knows whether it completes.
    is_unfinished = snapshot.status in {"queued", "inProgress"}
    moves = Markup(" · moves when it completes") if is_unfinished else None
    expires = on_and_ago(snapshot.expires_at, at)
    text = described(snapshot)
    return {
        "Description": words(text, WHOLE) if text else None,
        "Requested": on_and_ago(requested(snapshot), at),
        "Data of": _data_of(snapshot, at),
        "Expires": expires and together(expires, moves),
        "Size": size_of(snapshot),
        "Taken": rhythm(snapshot),
        "Provider": _listed(_providers(snapshot)),
        "Copied to": _listed(snapshot.copy_regions)
        if isinstance(snapshot, ReplicaSetSnapshot)
        else None,
        "Kind": _kind(snapshot),
        "MongoDB": snapshot.mongod_version and words(snapshot.mongod_version),
        "Encrypted with": snapshot.master_key_uuid and code(snapshot.master_key_uuid),
        "Policy items": _listed(snapshot.policy_items, write=code),
        "Key tag": snapshot.idempotency_tag and code(snapshot.idempotency_tag),
        "Project": code(snapshot.group_id),
        "Id": code(snapshot.id),
        "Also said": _others(snapshot.extra),
    }


def _data_of(snapshot: Snapshot, at: datetime) -> Markup | None:
    time, after = on_and_ago(snapshot.created_at, at), cut_point(snapshot)
    return time if time is None or after is None else together(time, " · ", after)


def _kind(snapshot: Snapshot) -> Markup | None:
    said = [snapshot.type]
    if isinstance(snapshot, ReplicaSetSnapshot):
        name = snapshot.replica_set_name
        said.append(name if name != snapshot.cluster_name else None)
    if isinstance(snapshot, ShardedClusterSnapshot) and snapshot.config_server_type:
        said.append(f"config servers {snapshot.config_server_type}")
    return _listed(tuple(word for word in said if word))


def _providers(snapshot: Snapshot) -> tuple[str, ...]:
    if isinstance(snapshot, ReplicaSetSnapshot):
        return (snapshot.cloud_provider,) if snapshot.cloud_provider else ()
    if isinstance(snapshot, ShardedClusterSnapshot):
        said = (member.cloud_provider for member in snapshot.members)
        return tuple(dict.fromkeys(provider for provider in said if provider))
    return ()


def _members(snapshot: Snapshot) -> Markup | None:
    if not isinstance(snapshot, ShardedClusterSnapshot) or not snapshot.members:
        return None
    rows = (
        (
            cell(member.replica_set_name and words(member.replica_set_name)),
            cell(member.cloud_provider and words(member.cloud_provider)),
            cell(member.id and code(member.id)),
        )
        for member in snapshot.members[:_MOST_MEMBERS]
    )
    more = len(snapshot.members) - _MOST_MEMBERS
    return part(
        f"{len(snapshot.members)} parts",
        grid((column("Replica set"), column("Provider"), column("Id")), rows),
        note(f"{more} more are in .members.") if more > 0 else None,
    )


def _others(extra: Mapping[str, object]) -> Markup | None:
    return _listed([f"{name}: {value!r}" for name, value in extra.items()])


def _listed(names: Sequence[str], *, write: Callable[[str], Markup] = words) -> Markup | None:
    if not names:
        return None
    more = len(names) - _MOST_NAMES
    shown = [write(name) for name in names[:_MOST_NAMES]]
    if more > 0:
        shown.append(Markup(f"{more} more"))
    return Markup(" · ".join(shown))
