"""`SnapshotOutcomes` is a sequence of the outcomes of a fleet."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from atlas_backups import (
    AmbiguousOutcomeError,
    ClusterNotFoundError,
    SnapshotOutcome,
    SnapshotOutcomes,
    SnapshotRequest,
    WaitTimeoutError,
)
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from tests.flavor import ClientFlavor

REQUESTS = [
    SnapshotRequest(group_id=GROUP_ID, cluster_name=name) for name in (CLUSTER_NAME, "Nowhere")
]


def test_constructor_exhausts_a_fleet(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    outcomes = SnapshotOutcomes(flavor.iterate(atlas, "take_snapshots", REQUESTS, concurrency=1))

    assert [outcome.request for outcome in outcomes] == REQUESTS
    assert [type(outcome.error) for outcome in outcomes.failed] == [ClusterNotFoundError]
    assert repr(outcomes) == "SnapshotOutcomes(1 failed, 1 taken)"


def test_slice_has_the_same_class_and_pickles(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    outcomes = SnapshotOutcomes(flavor.iterate(atlas, "take_snapshots", REQUESTS, concurrency=1))

    assert type(outcomes[:1]) is SnapshotOutcomes
    assert outcomes[:1] == SnapshotOutcomes([outcomes[0]])
    assert hash(outcomes[:1]) == hash(SnapshotOutcomes([outcomes[0]]))
    again = pickle.loads(pickle.dumps(outcomes))  # noqa: S301  # our own pickle
    assert again[0] == outcomes[0]
    assert str(again[1].error) == str(outcomes[1].error)


def test_repr_counts_outcomes_by_kind() -> None:
    errors = [
        AmbiguousOutcomeError("reset"),
        ClusterNotFoundError("no"),
        WaitTimeoutError("late"),
    ]
    outcomes = SnapshotOutcomes(
        SnapshotOutcome(request=REQUESTS[0], error=error) for error in [*errors, errors[0]]
    )

    assert repr(outcomes) == "SnapshotOutcomes(1 failed, 2 unknown, 1 wait ended)"
    assert repr(outcomes[:0]) == "SnapshotOutcomes(none)"
