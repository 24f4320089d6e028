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


def test_connection_options_replace_the_environment(inside: Run, emulator: AtlasEmulator) -> None:
    done = inside(
        "take",
        "Cluster0",
        "--project-id",
        emulator.group_id,
        "--base-url",
        emulator.base_url,
        MONGODB_ATLAS_PROJECT_ID=None,
        MONGODB_ATLAS_BASE_URL=None,
    )

    assert done.status == 0
    assert len(on_demand(emulator)) == 1


def test_unknown_cluster_exits_1(inside: Run, emulator: AtlasEmulator) -> None:
    done = inside("take", "Nope", "--output", "json")

    assert done.status == 1
    assert done.error["type"] == "ClusterNotFoundError"
    assert (done.error["status"], done.error["error_code"]) == (404, "CLUSTER_NOT_FOUND")
    assert done.error["parameters"] == ["Nope", emulator.group_id]


def test_unreachable_atlas_exits_1(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.stop()

    done = inside("take", "Cluster0", "--total-timeout", "2", "--output", "json")

    assert (done.status, done.error["type"]) == (1, "TransportError")


def test_ambiguous_outcome_exits_1_with_a_warning(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(method="POST", path=TAKE, reset="after"))

    done = inside("take", "Cluster0")

    assert (done.status, done.out) == (1, "")
    assert "THE SNAPSHOT MAY OR MAY NOT HAVE BEEN TAKEN" in done.err.splitlines()[0]
    assert "\natlas-backups: hint: " in done.err
    assert requests(emulator, "POST") == 1


def test_ambiguous_outcome_as_json_has_the_cause(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(method="POST", path=TAKE, status=503, body=b"<html>"))

    done = inside("take", "Cluster0", "--output", "json")

    assert (done.status, done.error["type"]) == (1, "AmbiguousOutcomeError")
    assert done.error["candidates"] == []
    assert done.error["cause"]["type"] == "ServiceUnavailableError"


def test_failed_snapshot_exits_1(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0, fails=True)

    done = inside("take", "Cluster0")

    assert (done.status, done.out) == (1, "")
    assert "there is no backup" in done.err


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


def test_duplicates_of_a_key_exit_1(inside: Run, emulator: AtlasEmulator) -> None:
    for _ in range(2):
        emulator.next_snapshot(seconds=0)
    first = json.loads(inside("take", "Cluster0", "--key", "k", "--output", "json").out)
    inside("take", "Cluster0", "--description", first["description"])

    done = inside("take", "Cluster0", "--key", "k", "--wait", "--output", "json")

    assert (done.status, done.error["type"]) == (1, "DuplicateSnapshotsError")
    ids = {item["id"] for item in done.error["snapshots"]}
    assert ids == {first["id"], newest(emulator).id}


def test_description_without_the_tag_is_warned_of_once(run: Run, emulator: AtlasEmulator) -> None:
    body = {"id": "66b0c1d2e3f4a5b6c7d8e9aa", "status": "queued", "description": "no tag"}
    emulator.fault(Fault(method="POST", path=TAKE, status=200, body=json.dumps(body).encode()))

    done = run("take", "Cluster0", "--key", "k")

    assert done.status == 0
    (line,) = done.err.splitlines()
    assert " WARNING " in line


def test_busy_cluster_fails_joins_or_waits(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=3)
    emulator.next_snapshot(seconds=0.5)
    inside("take", "Cluster0")
    (running,) = on_demand(emulator)

    failed = inside("take", "Cluster0")
    joined = inside("take", "Cluster0", "--if-busy", "join", "--output", "json")
    waited = inside("take", "Cluster0", "--if-busy", "wait", "--wait", "--output", "json")

    assert failed.status == 1
    assert f"unfinished: snapshot {running} of Cluster0, " in failed.err
    assert json.loads(joined.out)["id"] == running
    document = json.loads(waited.out)
    assert document["status"] == "completed"
    assert document["id"] == newest(emulator).id != running


def test_wait_timeout_bounds_the_wait_for_another_snapshot(
    inside: Run, emulator: AtlasEmulator
) -> None:
    inside("take", "Cluster0")

    done = inside("take", "Cluster0", "--if-busy", "wait", "--wait-timeout", "0.5")

    assert (done.status, done.out) == (1, "")
    assert "within 0.5 s" in done.err
    assert len(on_demand(emulator)) == 1
