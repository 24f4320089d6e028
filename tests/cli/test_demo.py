"""`demo` and `emulator`, which need no account."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AccessToken, AtlasBackups
from tests.cli.helpers import run_on_terminal, started

if TYPE_CHECKING:
    from tests.cli.helpers import Run

needs_a_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def test_demo_prints_each_change_and_ignores_the_environment(run: Run) -> None:
    done = run(
        "demo",
        "--seconds",
        "2",
        MONGODB_ATLAS_BASE_URL="https://atlas.invalid",
        MONGODB_ATLAS_CLIENT_SECRET=None,
        HTTP_PROXY="http://proxy.invalid:1",
        http_proxy="http://proxy.invalid:1",
    )

    assert (done.status, done.err) == (0, "")
    order = [
        "queued",
        "inProgress",
        "mongod_version      8.0.29",
        "cloud_provider      AWS",
        "completed",
        "storage_size_bytes  5368709120",
        "completed in ",
        "1 POST to take it",
        "AtlasBackups().take_snapshot(",
        "atlas-backups emulator --port 8080",
    ]
    places = [done.out.index(text) for text in order]
    assert places == sorted(places)
    assert not _COLOUR.search(done.out)
    (seconds,) = re.findall(r"completed in (\d+\.\d) s", done.out)
    assert float(seconds) >= 2


def test_demo_of_a_failed_snapshot_exits_1(inside: Run) -> None:
    done = inside("demo", "--seconds", "0.3", "--fail")

    assert (done.status, done.err) == (1, "")
    assert "there is no backup, take another: failed after" in done.out
    assert "completed" not in done.out


@needs_a_terminal
@pytest.mark.parametrize(
    ("changes", "has_colours"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_demo_on_a_terminal_has_colours(
    env: dict[str, str], changes: dict[str, str], has_colours: bool
) -> None:
    status, text = run_on_terminal(env, "demo", "--seconds", "0.3", **changes)

    assert status == 0
    assert bool(_COLOUR.search(text)) == has_colours


@needs_a_terminal
def test_ctrl_c_ends_the_demo_with_130(env: dict[str, str]) -> None:
    status, text = run_on_terminal(env, "demo", "--seconds", "30", at="inProgress")

    assert status == 130
    assert text.endswith("\natlas-backups: interrupted\n")
    assert "Traceback" not in text


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_emulator_serves_until_it_is_stopped(env: dict[str, str], stop: signal.Signals) -> None:
    with started(env, "emulator", "--snapshot-seconds", "0") as process:
        assert process.stdout is not None
        text = ""
        while "Ctrl-C" not in text:
            line = process.stdout.readline()
            assert line, "ended too early"
            text += line
        (url,) = set(re.findall(r"http://127\.0\.0\.1:\d+", text))
        (group_id,) = set(re.findall(r"PROJECT_ID=(\w+)", text))
        (token,) = set(re.findall(r"Bearer ([\w-]+)", text))
        with AtlasBackups(AccessToken(token), base_url=url) as atlas:
            snapshot = atlas.take_snapshot(group_id, "Cluster0")
        process.send_signal(stop)
        _, err = process.communicate(timeout=60)

    assert snapshot.status == "completed"
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "/backup/snapshots -> 200" in err
