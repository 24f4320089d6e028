"""A hint if Atlas requires `retentionInDays`, which is undocumented."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import ValidationError
from atlas_backups.emulator import Fault

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
def test_take_without_retention_raises_with_a_hint(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, options: dict[str, Any]
) -> None:
    before = emulator.snapshots

    with pytest.raises(ValidationError) as caught:
        flavor.take(atlas, **options)

    assert caught.value.hint == HINT
    assert f". Hint: {HINT} [POST" in str(caught.value)
    (violation,) = caught.value.field_violations
    assert (violation.field, violation.description) == ("retentionInDays", "must not be null")
    assert emulator.snapshots == before


@pytest.mark.parametrize(
    ("field", "options", "hint"),
    [
        (None, {}, HINT),
        ("retentionInDays", {}, HINT),
        ("description", {}, None),
        ("retentionInDays", {"retention_in_days": 99}, None),
    ],
)
def test_hint_is_absent_when_retention_was_given(  # noqa: PLR0913  # fixtures
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
