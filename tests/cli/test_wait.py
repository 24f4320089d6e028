"""`wait`, and `take` with `--wait`, `--key`, `--if-busy`."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.cli.helpers import error_of, newest, on_demand, requests, started
from tests.cli.terminals import on_a_terminal
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Run

needs_a_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")


def test_wait_shows_the_completed_snapshot(run: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5)
    run("take", "Cluster0")

    done = run("wait", "Cluster0", newest(emulator).id, "--output", "json")

    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["id"], answer["status"]) == (newest(emulator).id, "completed")


def test_a_wait_that_times_out_is_1_and_says_how_to_go_on(
    run: Run, emulator: AtlasEmulator
) -> None:
    taken = json.loads(run("take", "Cluster0", "--output", "json").stdout)["id"]

    done = run("wait", "Cluster0", taken, "--wait-timeout", "3", "--output", "json")

    assert done.returncode == 1
    error = error_of(done)
    assert (error["type"], error["snapshot"]["id"]) == ("WaitTimeoutError", taken)
    assert error["advice"].endswith(
        f"atlas-backups wait Cluster0 {taken} --project-id {emulator.group_id}"
    )


def test_take_and_wait_is_one_json_document_with_progress_beside_it(
    run: Run, emulator: AtlasEmulator
) -> None:
    emulator.next_snapshot(seconds=0.5)

    done = run("take", "Cluster0", "--wait", "--progress", "--output", "json")

    answer = json.loads(done.stdout)
    assert answer["status"] == "completed"
    first, *_, last = done.stderr.splitlines()
    assert answer["is_new"] is True
    assert f"snapshot {answer['id']} of Cluster0 is queued" in first
    assert f"atlas-backups wait Cluster0 {answer['id']}" in first
    assert f"{answer['id']} is completed" in last


@needs_a_terminal
def test_on_a_terminal_progress_is_shown_unasked(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    emulator.next_snapshot(seconds=0.5)

    status, said = on_a_terminal(env, "take", "Cluster0", "--wait")
    emulator.next_snapshot(seconds=0.5)
    _, silent = on_a_terminal(env, "take", "Cluster0", "--wait", "--no-progress")

    assert status == 0
    assert "is completed (" in said
    assert silent.startswith("Snapshot ")


@needs_a_terminal
def test_on_a_terminal_ctrl_c_ends_the_wait_in_order(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    status, said = on_a_terminal(env, "take", "Cluster0", "--wait", at="is inProgress")

    assert status == 130
    assert "\natlas-backups: interrupted\n" in said
    assert f"atlas-backups wait Cluster0 {newest(emulator).id}" in said.splitlines()[-1]
    assert "Traceback" not in said


@needs_a_terminal
@pytest.mark.parametrize(
    ("answer", "status", "end"),
    [
        ("y\n", 0, "Deleted snapshot"),
        ("\n", 1, "nothing was deleted"),
        ("no\n", 1, "nothing was deleted"),
        ("\x04", 1, "nothing was deleted"),
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
    ],
)
def test_on_a_terminal_delete_asks(
    env: dict[str, str],
    emulator: AtlasEmulator,
    answer: str | signal.Signals,
    status: int,
    end: str,
) -> None:
    held = next(item.id for item in emulator.snapshots if item.cluster_name == "Cluster0")

    got, said = on_a_terminal(env, "delete", "Cluster0", held, at="[y/N] ", then=answer)

    assert "before the last release" in said.partition("[y/N]")[0]
    assert end in said.splitlines()[-1]
    assert "Traceback" not in said
    assert (got, requests(emulator, "DELETE")) == (status, int(status == 0))


def test_one_key_is_one_snapshot(run: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5)
    words = ("take", "Cluster0", "--key", "release-42", "--description", "d", "--output", "json")

    answers = [json.loads(run(*words, *more).stdout) for more in ((), ("--wait",), ())]

    assert len({answer["id"] for answer in answers}) == 1
    assert [answer["status"] for answer in answers[1:]] == ["completed", "completed"]
    assert [answer["is_new"] for answer in answers] == [True, False, False]
    assert answers[0]["description"].startswith("[ab1:")
    assert requests(emulator, "POST") == 1


def test_two_snapshots_of_one_key_are_no_success(run: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0)
    emulator.next_snapshot(seconds=0)
    first = json.loads(run("take", "Cluster0", "--key", "k", "--output", "json").stdout)
    run("take", "Cluster0", "--description", first["description"])

    done = run("take", "Cluster0", "--key", "k", "--wait", "--output", "json")

    assert done.returncode == 1
    error = error_of(done)
    assert error["type"] == "DuplicateSnapshotsError"
    assert {item["id"] for item in error["snapshots"]} == {first["id"], newest(emulator).id}


def test_a_second_one_that_appears_during_the_wait_is_no_success(
    run: Run, emulator: AtlasEmulator, env: dict[str, str]
) -> None:
    emulator.next_snapshot(seconds=0)
    emulator.next_snapshot(seconds=0)
    # It sees nothing of the snapshot until the second one is there.
    emulator.fault(Fault(path=re.compile(r"/snapshots/[0-9a-f]{24}$"), status=503, times=None))
    with started(env, "take", "Cluster0", "--key", "k", "--wait") as process:
        until(lambda: requests(emulator, "POST"))
        run("take", "Cluster0", "--description", str(newest(emulator).description))
        emulator.clear_faults()
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (1, "")
    assert "2 snapshots carry the tag [ab1:" in err
    assert newest(emulator).id in err


def test_a_busy_cluster_is_refused_waited_for_or_joined(run: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=7)  # beyond the next two programs
    emulator.next_snapshot(seconds=0.5)
    run("take", "Cluster0")
    (running,) = on_demand(emulator)

    refused = run("take", "Cluster0")
    joined = run("take", "Cluster0", "--if-busy", "join", "--output", "json")
    waited = run("take", "Cluster0", "--if-busy", "wait", "--wait", "--output", "json")

    assert refused.returncode == 1
    assert f"unfinished: snapshot {running} of Cluster0, " in refused.stderr
    assert "Snapshot(" not in refused.stderr
    assert json.loads(joined.stdout)["id"] == running
    answer = json.loads(waited.stdout)
    assert answer["status"] == "completed"
    assert answer["id"] == newest(emulator).id != running


def test_wait_timeout_bounds_the_wait_for_the_other_one(run: Run, emulator: AtlasEmulator) -> None:
    run("take", "Cluster0")
    before = requests(emulator, "POST")

    done = run("take", "Cluster0", "--if-busy", "wait", "--wait-timeout", "0.5")

    assert (done.returncode, done.stdout) == (1, "")
    assert "within 0.5 s" in done.stderr
    assert len(on_demand(emulator)) == 1
    assert requests(emulator, "POST") == before + 1


def test_a_token_cache_is_shared(run: Run, emulator: AtlasEmulator, tmp_path: Path) -> None:
    cache = str(tmp_path / "token")

    done = [run("list", "Cluster0", "--token-cache", cache) for _ in range(2)]

    assert [item.returncode for item in done] == [0, 0]
    tokens = [item for item in emulator.requests if item.path.endswith("/oauth/token")]
    assert len(tokens) == 1
