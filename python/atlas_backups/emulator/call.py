"""A request that is understood, and what an operation gives for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import errors

if TYPE_CHECKING:
    from .query import Query
    from .world import Credential

_SNAPSHOT_ID = re.compile(r"[a-f0-9]{24}")


@dataclass(frozen=True)
class Call:
    """One understood request."""

    parameters: dict[str, str]
    query: Query
    body: bytes
    credential: Credential
    version: str
    address: str
    now: float


@dataclass(frozen=True)
class Outcome:
    """What an operation gives; `value` None means 204."""

    value: dict[str, Any] | None
    is_list: bool = False


def snapshot_id_of(call: Call) -> str:
    """Return the snapshot id in the path, or refuse what is none with 404."""
    snapshot_id = call.parameters["snapshotId"]
    if not _SNAPSHOT_ID.fullmatch(snapshot_id):
        raise errors.invalid_snapshot_id(snapshot_id)
    return snapshot_id
