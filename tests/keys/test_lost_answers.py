"""A call with a key after one whose response was not received."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError
from atlas_backups.emulator import Fault
from tests.flavor import BRIEF, sent
from tests.tags import tag_of

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor

KEY = "release-42"
kinds = pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])
FAULTS = {
    "reset": Fault(reset="after"),
    "504": Fault(status=504, effect=True),
    "HTML": Fault(status=200, effect=True, body=b"<html>", headers={"Content-Type": "text/html"}),
    "half a body": Fault(cut_body=50),
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())


def posts(emulator: AtlasEmulator) -> int:
    return sent(emulator).count("POST snapshots")


def on_demand(emulator: AtlasEmulator) -> list[str]:
    """Ids of the snapshots that were taken here."""
    now = emulator.clock.now()
    return [held.id for held in emulator.snapshots if held.requested_at > now - 3600]


@every_fault
@kinds
def test_same_key_after_an_ambiguous_take_finds_its_snapshot(  # fixtures
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, kind: str, fault: Fault
) -> None:
    client = make_client(getattr(emulator, kind), base_url=emulator.base_url, total_timeout=BRIEF)
    flavor.take_raw(client)
    emulator.clear_requests()
    (other,) = on_demand(emulator)
    emulator.fault(replace(fault, method="POST", path="/backup/"))

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take(client, idempotency_key=KEY)
    snapshot = flavor.take(client, idempotency_key=KEY)

    assert caught.value.idempotency_tag == tag_of(KEY)
    assert set(on_demand(emulator)) == {other, snapshot.id}
    assert posts(emulator) == 1
