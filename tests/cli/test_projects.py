"""`projects`, `clusters`, and the project by its name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import AtlasEmulator, Fault
from tests.cli.helpers import error_of, on_demand

if TYPE_CHECKING:
    from tests.cli.helpers import Run

OTHER = "32b6e34b3d91647abb20e7b8"


def test_projects(run: Run, emulator: AtlasEmulator) -> None:
    done = run("projects", MONGODB_ATLAS_PROJECT_ID=None)
    answer = json.loads(run("projects", "--output", "json").stdout)

    assert (done.returncode, done.stderr) == (0, "")
    head, first, second = (line.split() for line in done.stdout.splitlines())
    assert (head[0], head[-1]) == ("ID", "NAME")
    assert (first[0], first[1], first[-1]) == (emulator.group_id, "5", "Emulated")
    assert second[-1] == "Empty"
    assert [item["name"] for item in answer] == ["Emulated", "Empty"]
    assert {"id", "org_id", "cluster_count", "created", "extra"} <= set(answer[0])


def test_clusters(run: Run, emulator: AtlasEmulator) -> None:
    done = run("clusters")
    answer = json.loads(run("clusters", "--output", "json").stdout)

    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["NAME", "TYPE", "STATE", "MONGODB", "BACKUP", "PAUSED"]
    assert ["Paused0", "REPLICASET", "IDLE", "8.0.29", "yes", "yes"] in lines
    assert answer[0]["name"] == "Cluster0"
    assert answer[0]["group_id"] == emulator.group_id
    assert answer[0]["backup_enabled"] is True


@pytest.mark.parametrize("command", ["list", "take"])
def test_the_project_by_its_name(run: Run, emulator: AtlasEmulator, command: str) -> None:
    done = run(command, "Cluster0", "--project", "Emulated", MONGODB_ATLAS_PROJECT_ID=None)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(on_demand(emulator)) == (command == "take")


def test_a_name_goes_before_the_variable(run: Run) -> None:
    done = run("clusters", "--project", "Emulated", MONGODB_ATLAS_PROJECT_ID=OTHER)

    assert "Cluster0" in done.stdout


def test_an_id_in_place_of_the_name_is_not_looked_up(run: Run, emulator: AtlasEmulator) -> None:
    done = run("clusters", "--project", emulator.group_id, MONGODB_ATLAS_PROJECT_ID=None)

    assert done.returncode == 0
    assert not any(item.path.endswith("/groups") for item in emulator.requests)


def test_an_unknown_name_is_1_and_the_known_ones_are_named(
    run: Run, emulator: AtlasEmulator
) -> None:
    done = run("take", "Cluster0", "--project", "emulated")

    assert (done.returncode, done.stdout) == (1, "")
    assert "no project is named 'emulated'" in done.stderr
    assert "hint: these credentials can see Empty, Emulated" in done.stderr
    assert on_demand(emulator) == []


def test_an_ambiguous_name_is_1_and_the_ids_are_named(run: Run, emulator: AtlasEmulator) -> None:
    twins = [{"id": item, "name": "Twin"} for item in (emulator.group_id, OTHER)]
    body = json.dumps({"results": twins, "totalCount": 2}).encode()
    emulator.fault(Fault(path="/groups", status=200, body=body))

    done = run("take", "Cluster0", "--project", "Twin", "--output", "json")

    assert done.returncode == 1
    error = error_of(done)
    assert error["type"] == "ProjectNameError"
    assert emulator.group_id in error["message"]
    assert OTHER in error["message"]
    assert on_demand(emulator) == []


def test_projects_that_cannot_be_listed_are_no_unknown_name(
    run: Run, emulator: AtlasEmulator
) -> None:
    fault = Fault.error(403, "USER_UNAUTHORIZED")
    emulator.fault(replace(fault, path="/groups"))

    done = run("clusters", "--project", "Emulated", "--output", "json")

    assert done.returncode == 1
    assert error_of(done)["type"] == "ForbiddenError"
