"""A deprecated API version: a read warns once at its caller; a write only logs."""

# anything may be passed on
from __future__ import annotations

import asyncio
import linecache
import warnings
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import SnapshotRequest
from atlas_backups.emulator import Behaviour, VersionNotice
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, StartEmulator
    from tests.flavor import ClientFlavor

END = datetime(2027, 7, 1, tzinfo=timezone.utc)
VERSIONS = ["2023-01-01", "2023-02-01", "2024-08-05", "2025-03-12"]
NOTICES = tuple(
    VersionNotice(target=target, version=version, deprecated=END, sunset=END)
    for target in ("snapshots", "clusters", "projects")
    for version in VERSIONS
)
READS: dict[str, Callable[[AtlasBackups, str], Any]] = {
    "get_snapshot": lambda it, id_: it.get_snapshot(GROUP_ID, CLUSTER_NAME, id_),
    "list_snapshots": lambda it, _: it.list_snapshots(GROUP_ID, CLUSTER_NAME),
    "wait_for_snapshot": lambda it, id_: it.wait_for_snapshot(
        GROUP_ID, CLUSTER_NAME, id_, poll_interval=0.01
    ),
    "list_projects": lambda it, _: it.list_projects(),
    "list_clusters": lambda it, _: it.list_clusters(GROUP_ID),
}
ASYNC_READS: dict[str, Callable[[AtlasBackups, str], Any]] = {
    "get_snapshot": lambda it, id_: it.get_snapshot_async(GROUP_ID, CLUSTER_NAME, id_),
    "list_snapshots": lambda it, _: it.list_snapshots_async(GROUP_ID, CLUSTER_NAME),
    "wait_for_snapshot": lambda it, id_: it.wait_for_snapshot_async(
        GROUP_ID, CLUSTER_NAME, id_, poll_interval=0.01
    ),
    "list_projects": lambda it, _: it.list_projects_async(),
    "list_clusters": lambda it, _: it.list_clusters_async(GROUP_ID),
}


@pytest.fixture
def ending(start_emulator: StartEmulator) -> AtlasEmulator:
    behaviour = Behaviour(notices=NOTICES, busy_check_lag_seconds=None)
    return start_emulator(behaviour=behaviour, tick=30)


@pytest.fixture
def client(ending: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(ending.access_token, base_url=ending.base_url)


def read(flavor: ClientFlavor, client: AtlasBackups, name: str, snapshot_id: str) -> None:
    if flavor.name == "sync":
        READS[name](client, snapshot_id)  # the caller's line: sync
        return

    async def run() -> None:
        await ASYNC_READS[name](client, snapshot_id)  # the caller's line: async

    asyncio.run(run())


@pytest.mark.parametrize("name", READS)
def test_read_warns_once_with_the_sunset_date(
    flavor: ClientFlavor, client: AtlasBackups, name: str
) -> None:
    taken = flavor.take(client)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(flavor, client, name, taken.id)

    (warning,) = caught
    assert warning.category is DeprecationWarning
    assert "2027-07-01" in str(warning.message)
    assert warning.filename == __file__
    if flavor.name == "async":
        assert "caller's line: async" in linecache.getline(__file__, warning.lineno)
    else:
        assert f'"{name}": lambda' in "".join(
            linecache.getline(__file__, warning.lineno - back) for back in (0, 1)
        )


def test_watch_warns_once_at_the_iterating_line(flavor: ClientFlavor, client: AtlasBackups) -> None:
    taken = flavor.take(client)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        changes = list(flavor.iterate(client, "watch_snapshot", taken, poll_interval=0.01))

    assert len(changes) > 2
    assert [warning.category for warning in caught] == [DeprecationWarning]


def test_each_read_warns(flavor: ClientFlavor, client: AtlasBackups) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            flavor.call(client, "list_projects")

    assert len(caught) == 3


def test_warning_filter_error_raises_from_a_read(
    flavor: ClientFlavor, client: AtlasBackups
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning, match="2027-07-01"):
            flavor.call(client, "list_projects")


def test_write_does_not_warn(
    flavor: ClientFlavor, ending: AtlasEmulator, client: AtlasBackups
) -> None:
    request = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)
    there_before = len(ending.snapshots)
    ending.next_snapshot(seconds=0)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        taken = flavor.take(client, idempotency_key="k", wait=True)
        flavor.take_raw(client)
        flavor.call(client, "update_retention", taken, days=3)
        flavor.call(client, "delete_snapshot", taken)
        (outcome,) = flavor.iterate(client, "take_snapshots", [request])

    assert outcome.error is None
    assert taken.status == "completed"
    assert len(ending.snapshots) == there_before + 2


def test_busy_take_does_not_warn_of_its_reads(
    flavor: ClientFlavor, ending: AtlasEmulator, client: AtlasBackups
) -> None:
    ending.behaviour = Behaviour(notices=NOTICES)
    first = flavor.take(client)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined = flavor.take(client, if_busy="join")

    assert joined.id == first.id


def test_version_without_sunset_does_not_warn(flavor: ClientFlavor, atlas: AtlasBackups) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in READS:
            if name != "wait_for_snapshot":
                read(flavor, atlas, name, flavor.take(atlas).id)
