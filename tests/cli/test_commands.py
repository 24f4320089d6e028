"""`list`, `show`, `retain`, `delete`, `projects`, `clusters`, `coverage`, the project by name."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.cli.helpers import newest, on_demand, requests, run_on_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Run

SNAPSHOT = "66b0c1d2e3f4a5b6c7d8e9aa"
OTHER = "32b6e34b3d91647abb20e7b8"
EMPTY = "66b0c1d2e3f4a5b6c7d8e9f1"
WITH_A_SNAPSHOT = {"show": (), "wait": (), "retain": ("--days", "3"), "delete": ("--yes",)}


def rows(out: str) -> dict[str, list[str]]:
    """Return the lines below the head by their first word."""
    return {words[0]: words for words in map(str.split, out.splitlines()[1:])}


def test_list_prints_newest_first(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0)
    inside("take", "Cluster0", "--description", "before 42")

    done = inside("list", "Cluster0")

    assert (done.status, done.err) == (0, "")
    head, *lines = (re.split(r"  +", line) for line in done.out.splitlines())
    assert (head[:3], head[-2:]) == (["ID", "STATUS", "TYPE"], ["SIZE", "DESCRIPTION"])
    ids = [item.id for item in emulator.snapshots if item.cluster_name == "Cluster0"]
    assert [line[0] for line in lines] == ids[::-1]
    assert lines[0][1:3] == ["completed", "onDemand"]
    assert lines[0][-2:] == ["5.0 GiB", "before 42"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", lines[0][3])


@pytest.mark.parametrize(
    ("words", "count", "first"),
    [
        ("list Sharded0", 1, {"cluster_name": "Sharded0", "type": "shardedCluster"}),
        ("list NoBackup0", 0, {}),
        ("projects", 2, {"name": "Emulated", "cluster_count": 5}),
        ("clusters", 5, {"name": "Cluster0", "backup_enabled": True}),
        ("coverage", 6, {"cluster_name": "Free0", "error_type": "ClusterNotSupportedError"}),
    ],
)
def test_list_as_json_is_an_array(
    inside: Run, words: str, count: int, first: dict[str, object]
) -> None:
    done = inside(*words.split(), "--output", "json")

    assert (done.status, done.err) == (0, "")
    document = json.loads(done.out)
    assert len(document) == count
    assert first.items() <= (document or [{}])[0].items()


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("projects", [["CLUSTERS", "CREATED (UTC)", "NAME"], ["5", "...", "Emulated"]]),
        (
            "clusters",
            [
                ["TYPE", "STATE", "MONGODB", "BACKUP", "PAUSED"],
                ["REPLICASET", "IDLE", "8.0.29", "yes", "no"],
            ],
        ),
        ("list NoBackup0", [["STATUS", "TYPE"]]),
    ],
)
def test_list_is_a_table(inside: Run, command: str, lines: list[list[str]]) -> None:
    done = inside(*command.split())

    assert (done.status, done.err) == (0, "")
    found = [re.split(r"  +", line)[1:] for line in done.out.splitlines()]
    for line, expected in zip(found, lines, strict=False):
        for cell, text in zip(line, expected, strict=False):
            assert text in {cell, "..."}


def test_show_prints_the_parts_of_a_sharded_cluster(inside: Run, emulator: AtlasEmulator) -> None:
    (stored,) = (item for item in emulator.snapshots if item.cluster_name == "Sharded0")

    done = inside("show", "Sharded0", stored.id)

    assert (done.status, done.err) == (0, "")
    assert re.search(rf"^Snapshot +{stored.id}$", done.out, re.MULTILINE)
    assert "Sharded0-shard-0, Sharded0-shard-1, Sharded0-config-0" in done.out


def test_retain_changes_the_expiry(inside: Run, emulator: AtlasEmulator) -> None:
    done = inside("retain", "Cluster0", newest(emulator).id, "--months", "2", "--output", "json")

    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)["expires_at"] == newest(emulator).wire["expiresAt"]
    (patch,) = [item for item in emulator.requests if item.method == "PATCH"]
    assert json.loads(patch.body) == {"retentionUnit": "MONTHS", "retentionValue": 2}


@pytest.mark.parametrize("command", ["retain", "delete"])
def test_unfinished_snapshot_is_waited_for_only_with_wait(
    inside: Run, emulator: AtlasEmulator, command: str
) -> None:
    emulator.next_snapshot(seconds=1)
    inside("take", "Cluster0")
    words = (command, "Cluster0", newest(emulator).id, *WITH_A_SNAPSHOT[command])
    before = len(emulator.snapshots)

    without = inside(*words)
    waited = inside(*words, "--wait")

    assert without.status == 1
    assert "in progress" in without.err
    assert (waited.status, waited.err) == (0, "")
    assert on_demand(emulator) == []
    assert len(emulator.snapshots) == before - (command == "delete")


def test_delete_prints_the_deleted_snapshot(inside: Run, emulator: AtlasEmulator) -> None:
    first, second, *_ = [item.id for item in emulator.snapshots if item.cluster_name == "Cluster0"]

    as_text = inside("delete", "Cluster0", first, "--yes")
    as_json = inside("delete", "Cluster0", second, "--yes", "--output", "json")

    assert as_text == (0, f"Deleted snapshot {first} of Cluster0\n", "")
    assert json.loads(as_json.out) == {
        "deleted": {
            "group_id": emulator.group_id,
            "cluster_name": "Cluster0",
            "snapshot_id": second,
        }
    }
    assert {first, second}.isdisjoint(item.id for item in emulator.snapshots)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
@pytest.mark.parametrize(
    ("reply", "status", "end"),
    [
        ("y\n", 0, "Deleted snapshot"),
        ("no\n", 1, "nothing was deleted"),
        ("\x04", 1, "nothing was deleted"),
        (signal.SIGINT, 130, "interrupted"),
    ],
)
def test_delete_on_a_terminal_asks_for_confirmation(
    env: dict[str, str],
    emulator: AtlasEmulator,
    reply: str | signal.Signals,
    status: int,
    end: str,
) -> None:
    stored = next(item.id for item in emulator.snapshots if item.cluster_name == "Cluster0")

    found, text = run_on_terminal(env, "delete", "Cluster0", stored, at="[y/N] ", then=reply)

    assert "before the last release" in text.partition("[y/N]")[0]
    assert end in text.splitlines()[-1]
    assert "Traceback" not in text
    assert (found, requests(emulator, "DELETE")) == (status, int(status == 0))


@pytest.mark.parametrize("command", WITH_A_SNAPSHOT)
def test_unknown_snapshot_exits_1(inside: Run, emulator: AtlasEmulator, command: str) -> None:
    before = emulator.snapshots

    done = inside(command, "Cluster0", SNAPSHOT, *WITH_A_SNAPSHOT[command], "--output", "json")

    assert (done.status, done.error["type"]) == (1, "SnapshotNotFoundError")
    assert emulator.snapshots == before


@pytest.mark.parametrize(("name", "lookups"), [("Emulated", 1), (None, 0)])
def test_project_option_overrides_the_variable(
    inside: Run, emulator: AtlasEmulator, name: str | None, lookups: int
) -> None:
    project = name or emulator.group_id

    done = inside("clusters", "--project", project, MONGODB_ATLAS_PROJECT_ID=OTHER)

    assert "Cluster0" in done.out
    assert sum(item.path.endswith("/groups") for item in emulator.requests) == lookups


def test_unknown_project_name_exits_1_with_the_nearest_names(
    inside: Run, emulator: AtlasEmulator
) -> None:
    done = inside("take", "Cluster0", "--project", "emulated", "--output", "json")

    assert (done.status, done.error["type"]) == (1, "ProjectNotFoundError")
    assert 'the nearest are "Emulated", "Empty"' in done.error["message"]
    assert on_demand(emulator) == []


def test_ambiguous_project_name_exits_2_with_the_ids(inside: Run, emulator: AtlasEmulator) -> None:
    results = [{"id": item, "name": "Twin"} for item in (OTHER, EMPTY)]
    body = json.dumps({"results": results, "totalCount": 2}).encode()
    emulator.fault(Fault(path="/groups", status=200, body=body))

    done = inside("take", "Cluster0", "--project", "Twin", "--output", "json")

    assert (done.status, done.error["type"]) == (2, "InvalidArgumentError")
    assert f"{OTHER}, {EMPTY}" in done.error["message"]
    assert on_demand(emulator) == []


def test_token_cache_saves_token_requests(
    inside: Run, emulator: AtlasEmulator, tmp_path: Path
) -> None:
    for _ in range(2):
        assert inside("list", "Cluster0", "--token-cache", str(tmp_path / "token")).status == 0

    assert sum(item.path.endswith("/oauth/token") for item in emulator.requests) == 1


def test_coverage_prints_the_worst_first(inside: Run) -> None:
    inside("take", "Cluster0")

    done = inside("coverage", MONGODB_ATLAS_PROJECT_ID=None)

    assert (done.status, done.err) == (0, "")
    found = rows(done.out)
    assert list(found)[:3] == ["Free0", "NoBackup0", "Paused0"]
    assert set(list(found)[3:]) == {"Cluster0", "Flex0", "Sharded0"}
    assert found["Flex0"][-3:] == ["yes", "-", "Emulated"]
    assert found["Free0"][1:3] == ["not", "supported"]
    assert found["NoBackup0"][1:] == ["none", "-", "-", "-", "no", "no", "Emulated"]
    assert found["Cluster0"][3] in {"23", "24"}
    assert found["Cluster0"][4:] == ["h", "queued", "-", "yes", "no", "Emulated"]


@pytest.mark.parametrize(
    ("words", "variable", "count"),
    [
        ((), None, 6),
        ((), EMPTY, 0),
        (("--project", "Emulated"), EMPTY, 6),
        (("--project", "Empty"), None, 0),
        (("--project-id", EMPTY), None, 0),
        (("--all-projects",), EMPTY, 6),
    ],
)
def test_coverage_reads_one_project_or_all(
    inside: Run, words: tuple[str, ...], variable: str | None, count: int
) -> None:
    done = inside("coverage", *words, MONGODB_ATLAS_PROJECT_ID=variable)

    assert done.status == 0
    assert len(done.out.splitlines()) == 1 + count


def test_incomplete_coverage_is_printed_and_exits_1(inside: Run, emulator: AtlasEmulator) -> None:
    fault = replace(Fault.error(403, "NO", "\x1b[2J is not yours"), times=None)
    emulator.fault(replace(fault, path="Cluster0/backup"))
    emulator.fault(replace(fault, path=f"{EMPTY}/clusters"))

    done = inside("coverage", "--all-projects")
    as_json = inside("coverage", "--all-projects", "--output", "json")

    assert (done.status, as_json.status) == (1, 1)
    assert rows(done.out)["Cluster0"][1:3] == ["not", "read"]
    assert rows(done.out)["-"][-1] == "Empty"
    assert "\x1b" not in done.out + done.err
    *errors, last = done.err.splitlines()
    assert ["403 Forbidden" in line for line in errors] == [True, True]
    assert last == "atlas-backups: 2 of 7 could not be read"
    assert "ForbiddenError" in {item["error_type"] for item in json.loads(as_json.out)}
    assert json.loads(as_json.err)["error"]["message"] == "2 of 7 could not be read"


def test_coverage_with_rejected_credentials_prints_only_the_error(
    inside: Run, emulator: AtlasEmulator
) -> None:
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path="/clusters", times=None))

    done = inside("coverage")

    assert (done.status, done.out) == (1, "")
    assert "401" in done.err
