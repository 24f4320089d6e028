"""`coverage`: what a person sees, what a program gets, and what the exit status says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.cli.helpers import on_demand

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Inside, Run

EMPTY = "66b0c1d2e3f4a5b6c7d8e9f1"


def rows(stdout: str) -> dict[str, list[str]]:
    """The lines below the head, by their first word."""
    return {words[0]: words for words in map(str.split, stdout.splitlines()[1:])}


def test_a_person_sees_the_worst_first(run: Run, emulator: AtlasEmulator) -> None:
    run("take", "Cluster0")
    assert on_demand(emulator)

    done = run("coverage", MONGODB_ATLAS_PROJECT_ID=None)

    assert (done.returncode, done.stderr) == (0, "")
    seen = rows(done.stdout)
    assert list(seen)[:3] == ["Free0", "NoBackup0", "Paused0"]
    assert set(list(seen)[3:]) == {"Cluster0", "Flex0", "Sharded0"}
    assert seen["Flex0"][-3:] == ["yes", "-", "Emulated"]
    assert seen["Free0"][1:3] == ["not", "supported"]
    assert seen["NoBackup0"][1:] == ["none", "-", "-", "-", "no", "no", "Emulated"]
    assert seen["Cluster0"][3] in {"23", "24"}
    assert seen["Cluster0"][4:] == ["h", "queued", "-", "yes", "no", "Emulated"]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), 6),
        (("--project", "Emulated"), 6),
        (("--project", "Empty"), 0),
        (("--project-id", EMPTY), 0),
        (("--all-projects",), 6),
    ],
)
def test_one_project_or_all(run: Run, words: tuple[str, ...], count: int) -> None:
    done = run("coverage", *words)

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1 + count
    assert ("Emulated" in done.stdout) is (words == ("--all-projects",))


def test_the_project_of_the_environment_goes_before_all(run: Run, emulator: AtlasEmulator) -> None:
    done = run("coverage", MONGODB_ATLAS_PROJECT_ID=EMPTY)

    assert len(done.stdout.splitlines()) == 1
    assert not any(request.path.endswith("/groups") for request in emulator.requests)


def test_a_project_and_all_of_them_is_bad_usage(run: Run) -> None:
    assert run("coverage", "--project", "Emulated", "--all-projects").returncode == 2


def test_a_program_gets_one_document(run: Run) -> None:
    done = run("coverage", "--output", "json")

    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert [item["cluster_name"] for item in document][:2] == ["Free0", "NoBackup0"]
    assert document[0]["error_type"] == "ClusterNotSupportedError"
    assert document[-1]["age_seconds"] == pytest.approx(86_400, abs=120)
    assert document[-1]["scheduled_times"][0].endswith("Z")


def test_what_cannot_be_read_is_shown_and_said_and_the_status_is_1(
    inside: Inside, emulator: AtlasEmulator
) -> None:
    refusal = replace(Fault.error(403, "NO", "\x1b[2J is not yours"), times=None)
    emulator.fault(replace(refusal, path="Cluster0/backup"))
    emulator.fault(replace(refusal, path=f"{EMPTY}/clusters"))

    status, out, err = inside("coverage", "--all-projects")

    assert status == 1
    assert rows(out)["Cluster0"][1:3] == ["not", "read"]
    assert rows(out)["-"][-1] == "Empty"
    assert "\x1b" not in out + err
    first, second, last = err.splitlines()
    assert {"403 Forbidden" in first, "403 Forbidden" in second} == {True}
    assert last == "atlas-backups: 2 of 7 could not be read"


def test_the_same_for_a_program(inside: Inside, emulator: AtlasEmulator) -> None:
    emulator.fault(replace(Fault.error(403, "NO"), times=None, path="Cluster0/backup"))

    status, out, err = inside("coverage", "--output", "json")

    assert status == 1
    assert json.loads(out)[0]["error_type"] == "ForbiddenError"
    assert json.loads(err)["error"]["message"] == "1 of 6 could not be read"


def test_refused_credentials_give_nothing_but_their_error(
    inside: Inside, emulator: AtlasEmulator
) -> None:
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path="/clusters", times=None))

    status, out, err = inside("coverage")

    assert (status, out) == (1, "")
    assert "401" in err
