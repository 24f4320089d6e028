"""One fault, and what the letter of its row demands of a call that meets it."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas_backups import AmbiguousOutcomeError, ReplicaSetSnapshot, SnapshotList
from tests.bodies import SNAPSHOT_ID
from tests.faults.calls import GET
from tests.faults.matrix import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atlas_backups import AtlasError
    from tests.faults.calls import Call
    from tests.faults.rows import Row
    from tests.raw_server import Received, Script

# Of a call that meets the fault again and again.
RETRIES = 1


@dataclass(frozen=True)
class Fault:
    """What a server does with a request that it has read, and the error that it amounts to."""

    row: Row
    name: str
    steps: Callable[[Received], Script]
    cause: type[AtlasError]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    # Whether a snapshot is then looked for among those of sharded clusters, too.
    means_missing: bool = False

    def __str__(self) -> str:
        return self.name

    def check_end(self, end: object, call: Call, *, lasts: bool) -> None:
        demanded = self.row.demanded_of(call.name)
        if demanded == "R" and not lasts:
            check_success(end)
        elif demanded == "A":
            check_ambiguous(end, self.cause, call)
        else:
            assert type(end) is self.cause, end

    def received(self, call: Call, *, lasts: bool) -> str:
        """Say what a server receives that reads each request before the fault."""
        is_repeated = self.row.demanded_of(call.name) == "R"
        methods = Counter(GET=call.gets_before)
        methods[call.method] += 1
        if is_repeated:
            methods[call.method] += RETRIES if lasts else 1
            methods["GET"] += 0 if lasts else call.gets_after_success
        elif self.means_missing and call is GET:
            methods["GET"] += 1
        return in_words(methods)


def check_success(end: object) -> None:
    if isinstance(end, SnapshotList):
        (end,) = end
    assert type(end) is ReplicaSetSnapshot, end
    assert end.id == SNAPSHOT_ID


def check_ambiguous(end: object, cause: type[AtlasError], call: Call) -> None:
    assert type(end) is AmbiguousOutcomeError, end
    assert type(end.cause) is cause, end
    assert (end.idempotency_tag is not None) == ("idempotency_key" in call.options)
    assert end.candidates == ()
