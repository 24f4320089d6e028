"""Properties and repr of a `Snapshot`."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from atlas_backups.models import ReplicaSetSnapshot, Snapshot
from tests.test_models import SNAPSHOT, TAG, every_snapshot, minimal


@pytest.mark.parametrize(
    ("status", "final"),
    [
        ("completed", True),
        ("failed", True),
        ("queued", False),
        ("inProgress", False),
        ("COMPLETED", False),
        ("deleting", False),
        ("", False),
        (None, False),
    ],
)
@every_snapshot
def test_only_completed_and_failed_are_final(
    cls: type[Snapshot], status: str | None, *, final: bool
) -> None:
    assert minimal(cls, status=status).is_final is final


@every_snapshot
@pytest.mark.parametrize("rest", ["", "before release 42", "] ", f"{TAG} again"])
def test_idempotency_tag_is_read_from_the_description(cls: type[Snapshot], rest: str) -> None:
    made = minimal(cls, description=f"{TAG} {rest}")

    assert made.idempotency_tag == TAG


@pytest.mark.parametrize(
    "description",
    [
        f"{TAG}x",
        f"{TAG}\xa0text",
        f" \ufeff{TAG} text",
        f"text [ab1:] {TAG} ",
        f"{TAG[1:]} text",
        f'"{TAG} text"',
        f"{TAG} like [ab1:{'A' * 26}]",
        TAG.replace("[", "&#91;").replace("]", "&#93;"),
        TAG.replace("[", "&lbrack;").replace(":", "&colon;"),
        TAG.replace("[", "%5B").replace(":", "%3a").replace("]", "%5D"),
        TAG.replace(":", "\\u003a"),
    ],
)
def test_idempotency_tag_is_found_anywhere(description: str) -> None:
    assert minimal(description=description).idempotency_tag == TAG


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        "before release 42",
        f"[ab2:{TAG[5:]} text",
        f"[AB1:{TAG[5:]} text",
        f"{TAG[:-2]}] text",  # 25 characters
        f"{TAG[:-1]}A] text",  # 27 characters
        "[ab1:] text",
        f"{TAG[:5]}{'a' * 26}] text",
        *(f"{TAG[:17]}{odd}{TAG[18:]} text" for odd in "a018 =-]é\n\0"),
    ],
)
def test_other_text_is_no_idempotency_tag(description: str | None) -> None:
    assert minimal(description=description).idempotency_tag is None


@pytest.mark.parametrize(
    ("identifier", "second"),
    [
        ("6a79468a2c88faeba59de489", datetime(2026, 8, 10, 3, 33, 30, tzinfo=timezone.utc)),
        ("000000000000000000000000", datetime(1970, 1, 1, tzinfo=timezone.utc)),
        ("ffffffff2c88faeba59de489", datetime(2106, 2, 7, 6, 28, 15, tzinfo=timezone.utc)),
    ],
)
def test_requested_at_is_read_from_the_id(identifier: str, second: datetime) -> None:
    requested_at = minimal(id=identifier).requested_at

    assert requested_at == second
    assert requested_at.tzinfo is timezone.utc


def test_requested_at_of_an_invalid_id_raises() -> None:
    with pytest.raises(ValueError, match="snap-1"):
        _ = minimal(id="snap-1").requested_at


def test_repr_of_a_queued_snapshot_has_its_known_fields() -> None:
    made = minimal(ReplicaSetSnapshot, status="queued", storage_size_bytes=0)

    assert repr(made) == (
        "ReplicaSetSnapshot(id='6a79468a2c88faeba59de489', status='queued', "
        "cluster_name='Cluster0', storage_size_bytes=0, ...)"
    )


def test_repr_has_iso_times() -> None:
    assert repr(Snapshot(**SNAPSHOT)) == (
        "Snapshot(id='6a79468a2c88faeba59de489', status='completed', cluster_name='Cluster0', "
        "type='replicaSet', description='before release 42', "
        "created_at='2026-08-10T03:35:05Z', expires_at='2026-08-11T03:36:07Z', "
        "storage_size_bytes=4186517504, ...)"
    )
