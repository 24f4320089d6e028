"""`take_snapshot(wait=True, progress=True)` shows its wait, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import InvalidArgumentError

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor


@pytest.fixture
def client(start_emulator: StartEmulator, make_client: MakeClient) -> AtlasBackups:
    living = start_emulator(tick=30)
    return make_client(living.access_token, base_url=living.base_url)


def test_progress_shows_the_snapshot_from_its_begin_to_its_end(
    flavor: ClientFlavor, client: AtlasBackups, capfd: pytest.CaptureFixture[str]
) -> None:
    taken = flavor.take(client, wait=True, progress=True)

    out, err = capfd.readouterr()
    lines = [line for line in err.splitlines() if taken.id in line]
    assert out == ""
    assert "is queued" in lines[0]
    assert "is completed" in lines[-1]


@pytest.mark.parametrize("options", [{"wait": True}, {"progress": True}, {}])
def test_nothing_is_shown_without_both_wait_and_progress(
    flavor: ClientFlavor,
    client: AtlasBackups,
    capfd: pytest.CaptureFixture[str],
    options: dict[str, bool],
) -> None:
    flavor.take(client, **options)

    assert capfd.readouterr() == ("", "")


def test_progress_must_be_a_bool(flavor: ClientFlavor, client: AtlasBackups) -> None:
    with pytest.raises(InvalidArgumentError, match="progress"):
        flavor.take(client, progress="yes")
