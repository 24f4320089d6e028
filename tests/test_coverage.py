"""`Coverage` and its entries as values."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from atlas_backups import Cluster, ClusterCoverage, Coverage, ForbiddenError, Snapshot

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
GROUP = "6" * 24
NEWEST = Snapshot(
    id="6a79468a2c88faeba59de489",
    status="completed",
    created_at=NOW - timedelta(hours=2, microseconds=1),
    group_id=GROUP,
    cluster_name="C0",
)
CLUSTER = Cluster(name="C0", group_id=GROUP, backup_enabled=True, paused=False)
GOOD = ClusterCoverage(
    group_id=GROUP, project_name="P", cluster=CLUSTER, newest=NEWEST, taken_at=NOW
)
NONE = replace(GOOD, cluster=replace(CLUSTER, name="C1"), newest=None)
FULL = Coverage((NONE, GOOD, GOOD), taken_at=NOW)


def unread() -> ClusterCoverage:
    return ClusterCoverage(group_id=GROUP, taken_at=NOW, error=ForbiddenError("rejected"))


def aged(age: timedelta) -> ClusterCoverage:
    return replace(GOOD, newest=replace(NEWEST, created_at=NOW - age))


def test_coverage_is_a_sequence() -> None:
    assert isinstance(FULL, Sequence)
    assert (len(FULL), len(Coverage(taken_at=NOW))) == (3, 0)
    assert tuple(FULL) == (NONE, GOOD, GOOD)
    assert (FULL[0], FULL[-1]) == (NONE, GOOD)
    assert GOOD in FULL
    with pytest.raises(IndexError):
        FULL[3]


def test_slice_is_a_coverage() -> None:
    assert FULL[1:] == Coverage((GOOD, GOOD), taken_at=NOW)
    assert type(FULL[:0]) is Coverage
    assert FULL[:0].taken_at == NOW


def test_equal_coverages_have_equal_hashes() -> None:
    again = Coverage(iter(tuple(FULL)), taken_at=NOW)

    assert again == FULL
    assert hash(again) == hash(FULL)
    assert FULL[1:] != FULL
    assert Coverage(FULL, taken_at=NOW + timedelta(seconds=1)) != FULL
    assert FULL != (NONE, GOOD, GOOD)


def test_coverage_is_immutable() -> None:
    changeable: Any = FULL
    with pytest.raises(TypeError):
        changeable[0] = GOOD
    with pytest.raises(AttributeError):
        changeable.taken_at = NOW
    with pytest.raises(AttributeError):
        changeable.new = 1


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_coverage_pickles_and_copies(protocol: int) -> None:
    assert pickle.loads(pickle.dumps(FULL, protocol)) == FULL  # noqa: S301  # our own pickle
    assert copy.copy(FULL) == FULL == copy.deepcopy(FULL)


def test_coverage_pickles_with_its_errors() -> None:
    (again,) = pickle.loads(pickle.dumps(Coverage([unread()], taken_at=NOW)))  # noqa: S301  # the same

    assert type(again.error) is ForbiddenError
    assert str(again.error) == "rejected"


def test_repr_counts_entries() -> None:
    many = Coverage((unread(), *FULL) * 1000, taken_at=NOW)

    assert repr(many) == (
        "Coverage(2000 with a completed snapshot, 1000 without, 1000 not read, "
        "taken_at='2026-11-24T12:00:00Z')"
    )


def test_repr_of_an_entry_has_its_known_fields() -> None:
    assert repr(GOOD) == (
        "ClusterCoverage(project='P', cluster_name='C0', newest='6a79468a2c88faeba59de489', "
        "age_seconds=7200.000001, running=0, ...)"
    )
    assert repr(unread()) == (
        f"ClusterCoverage(project='{GROUP}', cluster_name=None, error='ForbiddenError', ...)"
    )


def test_entry_has_properties_of_its_cluster() -> None:
    assert (GOOD.cluster_name, GOOD.backup_enabled, GOOD.paused) == ("C0", True, False)
    nothing = unread()
    assert (nothing.cluster_name, nothing.backup_enabled, nothing.paused) == (None, None, None)


def test_age_is_counted_to_taken_at() -> None:
    assert GOOD.age_seconds == 7200.000001
    assert replace(GOOD, newest=replace(NEWEST, created_at=None)).age_seconds is None
    assert NONE.age_seconds is None


def test_age_of_data_slightly_after_taken_at_is_0() -> None:
    assert aged(timedelta(minutes=-10)).age_seconds == 0


def test_data_from_the_future_has_no_age() -> None:
    entry = aged(timedelta(minutes=-10, microseconds=-1))

    assert entry.age_seconds is None
    assert _dicts(entry)[0]["age_seconds"] is None


def test_to_dicts_are_flat_with_constant_keys() -> None:
    good, nothing, error = (*FULL[1:2].to_dicts(), *FULL[:1].to_dicts(), *_dicts(unread()))

    assert list(good) == list(nothing) == list(error)
    assert good["cluster_name"] == "C0"
    assert (
        datetime.fromisoformat(good["newest_created_at"].replace("Z", "+00:00"))
        == NEWEST.created_at
    )
    assert good["age_seconds"] == GOOD.age_seconds
    assert (good["error"], nothing["newest_id"]) == (None, None)
    assert (error["error_type"], error["error"]) == ("ForbiddenError", "rejected")
    good["cluster_name"] = "changed"
    assert FULL.to_dicts()[1]["cluster_name"] == "C0"


def _dicts(*entries: ClusterCoverage) -> list[dict[str, Any]]:
    return Coverage(entries, taken_at=NOW).to_dicts()
