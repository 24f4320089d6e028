"""The calls that meet the faults: the columns of the matrix."""

# anything may be passed on
from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas_backups import AtlasError
from tests.bodies import SNAPSHOT_ID
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atlas_backups import AtlasBackups
    from tests.flavor import ClientFlavor

# Far beyond what any of these calls may take: one that is still under way then hangs.
HANGS_AFTER = 30.0


@dataclass(frozen=True)
class Call:
    """A call, the method of the request that a fault hits, and what else it asks for."""

    name: str
    method: str
    operation: str
    arguments: tuple[str, ...] = (GROUP_ID, CLUSTER_NAME)
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    gets_before: int = 0
    gets_after_success: int = 0

    def __str__(self) -> str:
        return self.name

    @property
    def is_take(self) -> bool:
        return self.method == "POST"

    def run(self, flavor: ClientFlavor, client: AtlasBackups) -> object:
        """Return what it gives or raises."""
        begun = time.monotonic()
        try:
            return flavor.call(client, self.operation, *self.arguments, **self.options)
        except AtlasError as error:
            return error
        finally:
            assert time.monotonic() - begun < HANGS_AFTER


GET = Call("get_snapshot", "GET", "get_snapshot", (GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID))
LIST = Call("list_snapshots", "GET", "list_snapshots", gets_after_success=1)
TAKE = Call("take_snapshot", "POST", "take_snapshot")
# It looks for the key's own snapshot first, and for duplicates at the end.
TAKE_WITH_KEY = Call(
    "take_snapshot with a key",
    "POST",
    "take_snapshot",
    options={"idempotency_key": "release-42"},
    gets_before=2,
    gets_after_success=2,
)
CALLS = (GET, LIST, TAKE, TAKE_WITH_KEY)
