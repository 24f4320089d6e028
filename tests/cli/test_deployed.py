"""`atlas-backups take --wait && echo deployed`, as people write it into scripts."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.cli.helpers import newest, on_demand, requests
from tests.waiting import until

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator

_SECONDS = 30
_TAKE = f"{shlex.quote(sys.executable)} -m atlas_backups take Cluster0 --wait --wait-timeout"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


def script(env: dict[str, str], seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # our own program
        ["/bin/sh", "-c", f"{_TAKE} {seconds} && echo deployed"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_completed_snapshot_lets_it_go_on(env: dict[str, str], emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5)

    with script(env, 20) as process:
        out, err = process.communicate(timeout=_SECONDS)

    assert process.returncode == 0
    assert out.endswith("\ndeployed\n")
    assert newest(emulator).id in out
    assert newest(emulator).status == "completed"
    assert err == ""


def test_a_failed_snapshot_stops_it(env: dict[str, str], emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5, fails=True)

    with script(env, 20) as process:
        out, err = process.communicate(timeout=_SECONDS)

    assert (process.returncode, out) == (1, "")
    assert newest(emulator).id in err
    assert "there is no backup" in err
    assert "Traceback" not in err


def test_an_outage_without_end_stops_it_and_says_how_to_go_on(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    with script(env, 3) as process:
        until(lambda: requests(emulator, "GET"))  # it is waiting
        emulator.stop()
        out, err = process.communicate(timeout=_SECONDS)

    assert (process.returncode, out) == (1, "")
    taken = newest(emulator).id
    assert "was not finished within 3 s; it was last seen" in err
    assert f"atlas-backups wait Cluster0 {taken} --project-id {emulator.group_id}" in err
    assert "Traceback" not in err


def test_an_outage_that_ends_is_waited_through(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    emulator.next_snapshot(seconds=3)
    with script(env, 25) as process:
        until(lambda: requests(emulator, "GET"))
        emulator.stop()
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=3)  # it does not give up
        emulator.start()
        out, err = process.communicate(timeout=_SECONDS)

    assert (process.returncode, err) == (0, "")
    assert out.endswith("\ndeployed\n")
    assert requests(emulator, "POST") == 1


def test_a_refused_token_stops_it(env: dict[str, str], emulator: AtlasEmulator) -> None:
    clean = {name: value for name, value in env.items() if "CLIENT" not in name}

    with script({**clean, "MONGODB_ATLAS_ACCESS_TOKEN": "c4n4ry"}, 20) as process:
        out, err = process.communicate(timeout=_SECONDS)

    assert (process.returncode, out) == (1, "")
    assert "401" in err
    assert "c4n4ry" not in err
    assert on_demand(emulator) == []


def test_a_token_that_is_refused_while_it_waits_stops_it(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    refused = Fault.error(401, "USER_UNAUTHORIZED")
    emulator.fault(replace(refused, method="GET", times=None))

    with script(env, 20) as process:
        out, err = process.communicate(timeout=_SECONDS)

    (taken,) = on_demand(emulator)
    assert (process.returncode, out) == (1, "")
    assert f"atlas-backups wait Cluster0 {taken}" in err
