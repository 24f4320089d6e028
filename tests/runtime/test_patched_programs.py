"""Under gevent, eventlet, trio, freezegun and `mock`, calls work or raise with advice."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from atlas_backups import AccessToken, AtlasBackups
from atlas_backups.emulator import AtlasEmulator
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.process.programs import access, run
from tests.raw_server import NEVER, RawServer, always

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(not importlib.util.find_spec(name), reason=f"needs {name}")
    for name in ("gevent", "eventlet", "trio", "freezegun")
]
GEVENT = "from gevent import monkey; monkey.patch_all()\nimport gevent\n"
EVENTLET = "import eventlet; eventlet.monkey_patch()\n"
# These libraries warn, and close some sockets late.
LOOSE = ["-W", "ignore"]


@pytest.fixture
def silent() -> Iterator[RawServer]:
    """Reads everything and answers nothing."""
    with RawServer(always(NEVER)) as server:
        yield server


def outside(before: str, script: str) -> str:
    with AtlasEmulator(snapshot_seconds=0) as emulator:
        place = f"PLACE = {emulator.group_id!r}, {emulator.cluster_name!r}\n"
        return run(place + script, emulator.env, flags=LOOSE, before=before)


def test_sync_call_under_gevent_lets_other_greenlets_run(silent: RawServer) -> None:
    script = """
ticks = []
def tick():
    while True: ticks.append(1); gevent.sleep(0.01)
gevent.spawn(tick)
try: AtlasBackups(total_timeout=0.5).take_snapshot(*PLACE)
except Exception as error: print(type(error).__name__, len(ticks) > 5)
"""

    out = run(script, access(silent), flags=LOOSE, before=GEVENT)

    assert out == "AmbiguousOutcomeError True\n"


def test_gevent_timeout_has_the_ambiguous_outcome_as_context(silent: RawServer) -> None:
    script = """
try:
    with gevent.Timeout(0.5): AtlasBackups().take_snapshot(*PLACE)
except gevent.Timeout as error: print(type(error.__context__).__name__)
"""

    out = run(script, access(silent), flags=LOOSE, before=GEVENT)

    silent.wait_for_end_of_connection(0)
    assert out == "AmbiguousOutcomeError\n"


def test_emulator_and_sync_call_in_one_process_patched_by_gevent() -> None:
    script = """
from atlas_backups.emulator import AtlasEmulator
with AtlasEmulator(snapshot_seconds=0) as emulator:
    atlas = AtlasBackups(emulator.credentials, base_url=emulator.base_url, total_timeout=20)
    place = emulator.group_id, emulator.cluster_name
    print(atlas.take_snapshot(*place).status)
    try: atlas.take_snapshot(emulator.group_id, "Missing")
    except Exception as error: print(type(error).__name__)
    print(len(list(atlas.watch_snapshot(atlas.list_snapshots(*place)[0]))))
    pool = gevent.get_hub().threadpool
    print(pool.spawn(atlas.take_snapshot, *place).get(timeout=10).status)
"""

    assert outside(GEVENT, script) == "completed\nClusterNotFoundError\n1\ncompleted\n"


def test_emulator_under_eventlet_raises_with_advice() -> None:
    script = """
from atlas_backups.emulator import AtlasEmulator
try: AtlasEmulator().start()
except RuntimeError as error: print(error)
import eventlet.tpool
print(eventlet.tpool.execute(atlas.take_snapshot, *PLACE).status)
"""

    said, status = outside(EVENTLET, script).splitlines()

    assert "eventlet" in said
    assert "atlas-backups emulator" in said
    assert status == "completed"


@pytest.mark.parametrize(
    "call",
    [
        "await take_async()",
        "[_ async for _ in atlas.watch_snapshot_async(*PLACE, '6' * 24)]",
        "[_ async for _ in atlas.take_snapshots_async([REQUEST])]",
    ],
)
def test_async_call_under_trio_raises_with_advice(silent: RawServer, call: str) -> None:
    script = f"""
import trio
async def main():
    try: {call}
    except RuntimeError as error: print(error)
trio.run(main)
"""

    out = run(script, access(silent), flags=LOOSE)

    assert "asyncio" in out
    assert "trio.to_thread.run_sync" in out
    assert not silent.requests


def test_emulator_time_goes_on_under_freezegun() -> None:
    from freezegun import freeze_time  # noqa: PLC0415  # not where it is missing

    with freeze_time("2020-01-01"), AtlasEmulator(snapshot_seconds=0.2) as emulator:
        atlas = AtlasBackups(emulator.credentials, base_url=emulator.base_url, total_timeout=20)
        taken = atlas.take_snapshot(emulator.group_id, emulator.cluster_name)
        done = atlas.wait_for_snapshot(taken, timeout=20)

    assert done.status == "completed"
    assert done.created_at
    assert done.created_at.year > 2020


def test_methods_of_a_client_can_be_patched() -> None:
    client = AtlasBackups(AccessToken("t-0123456"))

    with mock.patch.object(client, "take_snapshot", return_value="taken") as patched:
        taken: object = client.take_snapshot(GROUP_ID, CLUSTER_NAME)
        assert taken == "taken"
        patched.assert_called_once_with(GROUP_ID, CLUSTER_NAME)

    assert "take_snapshot" not in vars(client)
    with pytest.raises(AttributeError):
        setattr(client, "timeouts", 3)  # noqa: B010  # a misspelled option
