"""One fault, and what the letter of its row demands of a call that meets it."""

# anything may be passed on
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas_backups import AmbiguousOutcomeError, ReplicaSetSnapshot, SnapshotList
from tests.bodies import SNAPSHOT_ID
from tests.faults.calls import CALLS, GET, LIST
from tests.faults.matrix import in_words
from tests.faults.service import failing, failing_unread
from tests.raw_server import Received

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atlas_backups import AtlasError
    from tests.faults.calls import Call
    from tests.faults.rows import Row
    from tests.raw_server import Script

# What the steps of a fault get that comes before the request was read.
NOTHING = Received(0, "", "", {}, b"")
# Of a call that meets the fault again and again.
RETRIES = 1


@dataclass(frozen=True)
class Fault:
    """What a server does with a request, and the error that it amounts to.

    Attributes:
        means_missing: a snapshot is then looked for among those of sharded clusters, too.
        is_read: the server reads the request before.
        is_stale: it comes on a connection that has served a call before.
        over_tls: it comes over TLS.
    """

    row: Row
    name: str
    steps: Callable[[Received], Script]
    cause: type[AtlasError]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    means_missing: bool = False
    is_read: bool = True
    is_stale: bool = False
    over_tls: bool = False

    def __str__(self) -> str:
        return self.name

    def cases(self) -> list[tuple[Call, bool]]:
        """Give the calls to meet it, and whether it lasts: where a take or one read tries again."""
        return [
            (call, lasts)
            for call in CALLS
            for lasts in (False, True)
            if not lasts or (self.row.demanded_of(call.name) == "R" and call is not LIST)
        ]

    def script(self, call: Call, *, lasts: bool) -> Script:
        """Write what a server does to which the call is made, after another one if it is stale."""
        times = None if lasts else 1
        if self.is_read:
            skip = int(self.is_stale and not call.is_take)
            return failing(self.steps, call.method, skip=skip, times=times)
        return failing_unread(
            self.steps(NOTHING), skip=call.gets_before + int(self.is_stale), times=times
        )

    def check_end(self, end: object, call: Call, *, lasts: bool) -> None:
        demanded = self.row.demanded_of(call.name)
        if demanded == "R" and not lasts:
            check_success(end)
        elif demanded == "A":
            check_ambiguous(end, self.cause, call)
        else:
            assert type(end) is self.cause, end

    def received(self, call: Call, *, lasts: bool) -> str:
        """Say what a server receives of the call."""
        is_repeated = self.row.demanded_of(call.name) == "R"
        hits = 1 + RETRIES if is_repeated and lasts else 1
        methods = Counter({"GET": call.gets_before})
        methods[call.method] += hits if self.is_read else 0
        if is_repeated and not lasts:
            methods[call.method] += 1
            methods["GET"] += call.gets_after_success
        if self.means_missing and call is GET:
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
