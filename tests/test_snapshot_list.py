"""`SnapshotList` is an immutable sequence."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from atlas_backups import ReplicaSetSnapshot, SnapshotList

SNAPSHOTS = tuple(
    ReplicaSetSnapshot(
        id=f"{number:024x}", group_id="6" * 24, cluster_name="Cluster0", status="completed"
    )
    for number in range(5)
)
FULL = SnapshotList(SNAPSHOTS)


def test_list_is_a_sequence() -> None:
    assert isinstance(FULL, Sequence)
    assert (len(FULL), len(SnapshotList())) == (5, 0)
    assert (bool(FULL), bool(SnapshotList())) == (True, False)
    assert tuple(FULL) == SNAPSHOTS
    assert tuple(reversed(FULL)) == SNAPSHOTS[::-1]
    assert (FULL[0], FULL[-1]) == (SNAPSHOTS[0], SNAPSHOTS[-1])
    assert (FULL.index(SNAPSHOTS[2]), FULL.count(SNAPSHOTS[2])) == (2, 1)
    assert SNAPSHOTS[3] in FULL


def test_slice_is_a_list() -> None:
    assert FULL[1:3] == SnapshotList(SNAPSHOTS[1:3])
    assert FULL[::2] == SnapshotList(SNAPSHOTS[::2])
    assert type(FULL[:0]) is SnapshotList


def test_equal_lists_have_equal_hashes() -> None:
    again = SnapshotList(iter(SNAPSHOTS))

    assert again == FULL
    assert hash(again) == hash(FULL)
    assert FULL[1:] != FULL
    assert FULL != SNAPSHOTS


def test_list_is_immutable() -> None:
    changeable: Any = FULL
    with pytest.raises(TypeError):
        changeable[0] = SNAPSHOTS[1]
    with pytest.raises(TypeError):
        del changeable[0]
    with pytest.raises(AttributeError):
        changeable.append(SNAPSHOTS[0])
    with pytest.raises(AttributeError):
        changeable.new = 1


def test_list_pickles_and_copies() -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(FULL, protocol)) == FULL  # noqa: S301  # our own pickle
    assert copy.copy(FULL) == FULL == copy.deepcopy(FULL)


def test_repr_is_short() -> None:
    long = SnapshotList(SNAPSHOTS * 1000)

    assert repr(long).endswith(", and 4997 more])")
    assert repr(long).count("ReplicaSetSnapshot(") == 3
    assert repr(SnapshotList()) == "SnapshotList([])"


def test_to_dicts_returns_new_dicts() -> None:
    dicts = FULL.to_dicts()

    assert [entry["id"] for entry in dicts] == [snapshot.id for snapshot in SNAPSHOTS]
    assert dicts[0]["status"] == "completed"
    dicts[0]["status"] = "changed"
    assert FULL.to_dicts()[0]["status"] == "completed"
