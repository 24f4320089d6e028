"""Whether Atlas requires `retentionInDays` is not documented: both ways end well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import BadRequestError, SnapshotRequest, ValidationError
from atlas_backups.emulator import Behaviour, Fault
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

HINT = "Atlas may require retention_in_days, which was not given"


@pytest.fixture
def emulator(emulator: AtlasEmulator) -> AtlasEmulator:
    emulator.behaviour = replace(emulator.behaviour, retention_required=True)
    return emulator


@pytest.mark.parametrize(
    "options", [{}, {"idempotency_key": "k"}, {"if_busy": "wait"}, {"wait": True}]
)
def test_a_take_without_one_is_refused_with_a_hint(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, options: dict[str, Any]
) -> None:
    before = emulator.snapshots

    with pytest.raises(ValidationError) as caught:
        flavor.take(atlas, **options)

    assert caught.value.hint == HINT
    assert str(caught.value).endswith(HINT)
    (violation,) = caught.value.field_violations
    assert (violation.field, violation.description) == ("retentionInDays", "must not be null")
    assert emulator.snapshots == before


def test_a_take_with_one_is_accepted(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    snapshot = flavor.take(atlas, retention_in_days=3)

    assert snapshot.id in {held.id for held in emulator.snapshots}


def test_without_the_switch_none_is_required(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.behaviour = Behaviour()

    assert flavor.take(atlas).status == "queued"


def test_a_fleet_says_it_of_each(emulator: AtlasEmulator, atlas: AtlasBackups) -> None:
    requests = [
        SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME),
        SnapshotRequest(
            group_id=GROUP_ID, cluster_name=emulator.sharded_cluster_name, retention_in_days=1
        ),
    ]

    outcomes = {it.request.cluster_name: it for it in atlas.take_snapshots(requests)}

    error = outcomes[CLUSTER_NAME].error
    assert isinstance(error, ValidationError)
    assert error.hint == HINT
    assert outcomes[emulator.sharded_cluster_name].error is None


@pytest.mark.parametrize(
    ("field", "options", "hint"),
    [
        (None, {}, HINT),
        ("retentionInDays", {}, HINT),
        ("description", {}, None),
        ("retentionInDays", {"retention_in_days": 99}, None),
    ],
)
def test_the_hint_stands_only_where_it_may_help(  # noqa: PLR0913  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    *,
    field: str | None,
    options: dict[str, int],
    hint: str | None,
) -> None:
    fields = f'"badRequestDetail":{{"fields":[{{"field":"{field}","description":"no"}}]}},'
    body = f'{{{fields if field else ""}"errorCode":"VALIDATION_ERROR","error":400}}'
    emulator.fault(Fault(method="POST", status=400, body=body.encode()))

    with pytest.raises(ValidationError) as caught:
        flavor.take(atlas, **options)

    assert caught.value.hint == hint


def test_another_refusal_has_no_such_hint(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.fault(replace(Fault.error(400, "INVALID_ATTRIBUTE"), method="POST"))

    with pytest.raises(BadRequestError) as caught:
        flavor.take(atlas)

    assert caught.value.hint is None
