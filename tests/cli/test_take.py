"""`take`: output, idempotency keys, a busy cluster, ambiguous outcomes."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.cli.helpers import SNAPSHOTS as TAKE
from tests.cli.helpers import newest, on_demand, requests

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Run


def test_take_prints_a_table(inside: Run, emulator: AtlasEmulator) -> None:
    done = inside("take", "Cluster0", "--description", "vor 42 ö", "--retention-in-days", "7")

    assert (done.status, done.err) == (0, "")
    (taken,) = on_demand(emulator)
    fields = dict(re.split(r"  +", line, maxsplit=1) for line in done.out.splitlines())
    assert fields["Snapshot"] == taken
    assert fields["Status"] == "queued (not complete yet)"
    assert fields["Cluster"] == "Cluster0 (replicaSet)"
    assert fields["Project"] == emulator.group_id
    assert fields["Description"] == "vor 42 ö"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", fields["Requested"])
    assert "moves when it completes" in fields["Expires"]


@pytest.mark.skipif(os.name != "posix", reason="arguments are bytes on POSIX only")
def test_description_under_c_locale_is_read_as_utf8(run: Run, emulator: AtlasEmulator) -> None:
    done = run(
        "take",
        "Cluster0",
        "--description",
        "Grüße 日本",
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )

    assert (done.status, done.err) == (0, "")
    assert newest(emulator).description == "Grüße 日本"


def test_take_as_json_has_every_field(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0)

    done = inside("take", "Cluster0", "--output", "json")

    assert (done.status, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["status"] == "completed"
    assert document["storage_size_bytes"] == 5_368_709_120
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["created_at"])
    assert document["links"][0]["rel"] == "self"
    assert document["extra"] == {}
    assert {"cloud_provider", "copy_regions", "replica_set_name", "is_new"} <= set(document)


def test_text_of_atlas_is_escaped_in_a_table_and_kept_in_json(
    inside: Run, emulator: AtlasEmulator
) -> None:
    body = {
        "id": "66b0c1d2e3f4a5b6c7d8e9aa",
        "status": "queued",
        "description": "a\x1b[2Jb\n",
        "novel": {"x": [1, None]},
    }
    fault = Fault(method="POST", path=TAKE, status=200, body=json.dumps(body).encode(), times=2)
    emulator.fault(fault)

    as_text = inside("take", "Cluster0")
    as_json = inside("take", "Cluster0", "--output=json")

    assert "a\\x1b[2Jb\\n" in as_text.out
    assert "\x1b" not in as_text.out + as_text.err
    assert json.loads(as_json.out)["extra"] == {"novel": {"x": [1, None]}}


def test_ambiguous_outcome_exits_3_with_a_warning(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(method="POST", path=TAKE, reset="after"))

    done = inside("take", "Cluster0")

    assert (done.status, done.out) == (3, "")
    assert "THE SNAPSHOT MAY OR MAY NOT HAVE BEEN TAKEN" in done.err.splitlines()[0]
    assert "\natlas-backups: hint: " in done.err
    assert requests(emulator, "POST") == 1


def test_same_key_returns_the_same_snapshot(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5)
    words = ("take", "Cluster0", "--key", "release-42", "--description", "d", "--output", "json")

    documents = [json.loads(inside(*words, *more).out) for more in ((), ("--wait",), ())]
    shown = inside("take", "Cluster0", "--key", "release-42").out

    assert len({document["id"] for document in documents}) == 1
    assert [document["status"] for document in documents[1:]] == ["completed", "completed"]
    assert [document["is_new"] for document in documents] == [True, False, False]
    assert documents[0]["description"].startswith("[ab1:")
    assert "this call took none" in shown
    assert requests(emulator, "POST") == 1


def test_description_without_the_tag_is_warned_of_once(run: Run, emulator: AtlasEmulator) -> None:
    body = {"id": "66b0c1d2e3f4a5b6c7d8e9aa", "status": "queued", "description": "no tag"}
    emulator.fault(Fault(method="POST", path=TAKE, status=200, body=json.dumps(body).encode()))

    done = run("take", "Cluster0", "--key", "k")

    assert done.status == 0
    (line,) = done.err.splitlines()
    assert " WARNING " in line


@pytest.mark.parametrize(
    ("case", "options", "status", "error"),
    [
        ("unknown", (), 1, {"type": "ClusterNotFoundError", "error_code": "CLUSTER_NOT_FOUND"}),
        ("unreachable", (), 1, {"type": "TransportError"}),
        ("ambiguous", (), 3, {"type": "AmbiguousOutcomeError", "candidates": []}),
        ("failed", (), 1, {"type": "SnapshotFailedError"}),
        ("busy", (), 1, {"type": "SnapshotInProgressError", "status": 400}),
        ("busy", ("--if-busy", "wait", "--wait-timeout", "0.5"), 4, {"type": "WaitTimeoutError"}),
    ],
)
def test_error_exits_with_its_status_type_and_attributes(  # noqa: PLR0913, PLR0917  # cases
    inside: Run,
    emulator: AtlasEmulator,
    case: str,
    options: tuple[str, ...],
    status: int,
    error: dict[str, object],
) -> None:
    if case == "unreachable":
        emulator.fault(Fault(reset="before", times=None))
    if case == "ambiguous":
        emulator.fault(Fault(method="POST", path=TAKE, status=503, body=b"<html>"))
    if case == "failed":
        emulator.next_snapshot(seconds=0, fails=True)
    if case == "busy":
        inside("take", "Cluster0")
    cluster = "Nope" if case == "unknown" else "Cluster0"

    done = inside("take", cluster, *options, "--total-timeout", "3", "--output", "json")

    assert done.status == status
    assert error.items() <= done.error.items()


def test_busy_cluster_is_reported_joined_or_waited_for(
    inside: Run, emulator: AtlasEmulator
) -> None:
    emulator.next_snapshot(seconds=3)
    emulator.next_snapshot(seconds=0.5)
    inside("take", "Cluster0")
    (running,) = on_demand(emulator)

    failed = inside("take", "Cluster0")
    joined = inside("take", "Cluster0", "--if-busy", "join", "--output", "json")
    waited = inside("take", "Cluster0", "--if-busy", "wait", "--wait", "--output", "json")

    assert f"unfinished: snapshot {running} of Cluster0, " in failed.err
    assert json.loads(joined.out)["id"] == running
    document = json.loads(waited.out)
    assert document["status"] == "completed"
    assert document["id"] == newest(emulator).id != running
