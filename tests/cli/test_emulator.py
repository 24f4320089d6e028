from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from atlas_backups import AccessToken, AtlasBackups


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_stopped(stop: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "atlas_backups", "emulator", "--snapshot-seconds", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, "ended too early"
            said += line
        (url,) = set(re.findall(r"http://127\.0\.0\.1:\d+", said))
        (group_id,) = set(re.findall(r"PROJECT_ID=(\w+)", said))
        (token,) = set(re.findall(r"Bearer ([\w-]+)", said))
        with AtlasBackups(AccessToken(token), base_url=url) as atlas:
            snapshot = atlas.take_snapshot(group_id, "Cluster0")
        process.send_signal(stop)
        _, err = process.communicate(timeout=60)

    assert snapshot.status == "completed"
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "/backup/snapshots -> 200" in err
