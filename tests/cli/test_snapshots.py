"""`list`, `show`, `retain`, `delete`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.helpers import error_of, newest, on_demand

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Inside, Run

SNAPSHOT = "66b0c1d2e3f4a5b6c7d8e9aa"
WITH_A_SNAPSHOT = {
    "show": (),
    "wait": (),
    "retain": ("--days", "3"),
    "delete": ("--yes",),
}


def test_list_is_one_line_a_snapshot_newest_first(run: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0)
    run("take", "Cluster0", "--description", "before 42")

    done = run("list", "Cluster0")

    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = (re.split(r"  +", line) for line in done.stdout.splitlines())
    assert head[:3] == ["ID", "STATUS", "TYPE"]
    assert head[-2:] == ["SIZE", "DESCRIPTION"]
    ids = [item.id for item in emulator.snapshots if item.cluster_name == "Cluster0"]
    assert [line[0] for line in lines] == ids[::-1]
    assert lines[0][1:3] == ["completed", "onDemand"]
    assert lines[0][-2:] == ["5.0 GiB", "before 42"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", lines[0][3])


def test_list_as_json_is_one_array(run: Run, emulator: AtlasEmulator) -> None:
    done = run("list", "Sharded0", "--output", "json")

    (snapshot,) = json.loads(done.stdout)
    assert done.stderr == ""
    assert snapshot["cluster_name"] == "Sharded0"
    assert snapshot["group_id"] == emulator.group_id
    assert snapshot["storage_size_bytes"] == 5_368_709_120
    assert len(snapshot["members"]) == 3


def test_a_list_without_snapshots(run: Run) -> None:
    assert run("list", "NoBackup0").stdout.split()[:2] == ["ID", "STATUS"]
    assert json.loads(run("list", "NoBackup0", "--output=json").stdout) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_list_into_head_is_silent(env: dict[str, str]) -> None:
    # The reader has gone before anything is written.
    script = f"{sys.executable} -m atlas_backups list Cluster0 | true"
    done = subprocess.run(  # noqa: S603  # our own program
        ["/bin/sh", "-c", script], env=env, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("", "")


def test_show_names_the_parts_of_a_sharded_cluster(run: Run, emulator: AtlasEmulator) -> None:
    (held,) = (item for item in emulator.snapshots if item.cluster_name == "Sharded0")

    done = run("show", "Sharded0", held.id)
    answer = json.loads(run("show", "Sharded0", held.id, "--output", "json").stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(rf"^Snapshot +{held.id}$", done.stdout, re.MULTILINE)
    assert "Sharded0-shard-0, Sharded0-shard-1, Sharded0-config-0" in done.stdout
    assert answer["id"] == held.id
    assert answer["members"][0]["replica_set_name"] == "Sharded0-shard-0"


def test_show_succeeds_for_a_failed_one_but_wait_does_not(
    run: Run, emulator: AtlasEmulator
) -> None:
    emulator.next_snapshot(seconds=0, fails=True)
    run("take", "Cluster0")
    failed = newest(emulator).id

    shown = run("show", "Cluster0", failed)
    waited = run("wait", "Cluster0", failed, "--output", "json")

    assert shown.returncode == 0
    assert "failed" in shown.stdout
    assert waited.returncode == 1
    error = error_of(waited)
    assert (error["type"], error["snapshot"]["id"]) == ("SnapshotFailedError", failed)
    assert "advice" not in error


def test_retain_moves_the_expiry(run: Run, emulator: AtlasEmulator) -> None:
    held = newest(emulator).id

    done = run("retain", "Cluster0", held, "--months", "2", "--output", "json")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["expires_at"] == newest(emulator).wire["expiresAt"]
    patched = [item for item in emulator.requests if item.method == "PATCH"]
    assert json.loads(patched[0].body) == {"retentionUnit": "MONTHS", "retentionValue": 2}


@pytest.mark.parametrize("command", ["retain", "delete"])
def test_what_is_unfinished_is_waited_for_only_if_asked(
    run: Run, emulator: AtlasEmulator, command: str
) -> None:
    emulator.next_snapshot(seconds=4)  # beyond the next program
    run("take", "Cluster0")
    words = (command, "Cluster0", newest(emulator).id, *WITH_A_SNAPSHOT[command])
    before = len(emulator.snapshots)

    at_once = run(*words)
    waited = run(*words, "--wait")

    assert at_once.returncode == 1
    assert "in progress" in at_once.stderr
    assert (waited.returncode, waited.stderr) == (0, "")
    assert on_demand(emulator) == []
    assert len(emulator.snapshots) == before - (command == "delete")


def test_delete_says_what_it_deleted(run: Run, emulator: AtlasEmulator) -> None:
    first, second, *_ = [item.id for item in emulator.snapshots if item.cluster_name == "Cluster0"]

    as_text = run("delete", "Cluster0", first, "--yes")
    as_json = run("delete", "Cluster0", second, "--yes", "--output", "json")

    assert (as_text.returncode, as_text.stderr) == (0, "")
    assert as_text.stdout == f"Deleted snapshot {first} of Cluster0\n"
    assert json.loads(as_json.stdout) == {
        "deleted": {
            "group_id": emulator.group_id,
            "cluster_name": "Cluster0",
            "snapshot_id": second,
        }
    }
    assert {first, second}.isdisjoint(item.id for item in emulator.snapshots)


def test_delete_without_a_terminal_needs_yes(run: Run, emulator: AtlasEmulator) -> None:
    done = run("delete", "Cluster0", newest(emulator).id)

    assert done.returncode == 2
    assert "give --yes" in done.stderr
    assert emulator.requests == ()


@pytest.mark.parametrize("command", WITH_A_SNAPSHOT)
def test_a_snapshot_that_is_not_there_is_1(run: Run, emulator: AtlasEmulator, command: str) -> None:
    before = emulator.snapshots

    done = run(command, "Cluster0", SNAPSHOT, *WITH_A_SNAPSHOT[command], "--output", "json")

    assert done.returncode == 1
    assert error_of(done)["type"] == "SnapshotNotFoundError"
    assert emulator.snapshots == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("list",), "required: CLUSTER"),
        (("list", "a b"), "cluster_name must"),
        (("show", "C"), "required: SNAPSHOT"),
        (("show", "C", "x"), "snapshot_id must"),
        (("wait", "C", SNAPSHOT, "--wait-timeout", "0"), "timeout must be"),
        (("retain", "C", SNAPSHOT, "--days", "1", "--wait-timeout", "5"), "give --wait too"),
        (("delete", "C", SNAPSHOT, "--yes", "--wait-timeout", "5"), "give --wait too"),
        (("wait", "C", SNAPSHOT, "--wait"), "unrecognized arguments: --wait"),
        (("retain", "C", SNAPSHOT), "one of the arguments --days --weeks --months --years"),
        (("retain", "C", SNAPSHOT, "--days", "1", "--weeks", "1"), "not allowed with"),
        (("retain", "C", SNAPSHOT, "--days", "0"), "days must be from 1"),
        (("retain", "C", SNAPSHOT, "--days", "x"), "not a whole number: 'x'"),
        (("delete", "C", "--yes"), "required: SNAPSHOT"),
        (("clusters", "C"), "unrecognized arguments: C"),
        (("projects", "--project-id", "x"), "unrecognized arguments: --project-id"),
    ],
)
def test_bad_usage_is_2_and_sends_nothing(
    inside: Inside, emulator: AtlasEmulator, words: tuple[str, ...], message: str
) -> None:
    status, out, err = inside(*words)

    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert emulator.requests == ()
