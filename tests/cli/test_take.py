from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.cli.helpers import SNAPSHOTS as TAKE
from tests.cli.helpers import error_of, newest, on_demand, requests

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Inside, Run


def test_takes_and_shows_a_table(run: Run, emulator: AtlasEmulator) -> None:
    done = run(
        "take", emulator.cluster_name, "--description", "vor 42 ö", "--retention-in-days", "7"
    )

    assert (done.returncode, done.stderr) == (0, "")
    (taken,) = on_demand(emulator)
    facts = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert facts["Snapshot"] == taken
    assert facts["Status"] == "queued (not complete yet)"
    assert facts["Cluster"] == "Cluster0 (replicaSet)"
    assert facts["Project"] == emulator.group_id
    assert facts["Description"] == "vor 42 ö"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", facts["Requested"])
    assert "moves when it completes" in facts["Expires"]


@pytest.mark.skipif(os.name != "posix", reason="arguments are bytes on POSIX only")
def test_description_under_c_locale_is_read_as_utf8(run: Run, emulator: AtlasEmulator) -> None:
    done = run(
        "take",
        emulator.cluster_name,
        "--description",
        "Grüße 日本",
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert newest(emulator).description == "Grüße 日本"


def test_json_holds_every_field(run: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0)

    done = run("take", emulator.cluster_name, "--output", "json")

    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["status"] == "completed"
    assert answer["type"] == "replicaSet"
    assert answer["storage_size_bytes"] == 5_368_709_120
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["created_at"])
    assert answer["links"][0]["rel"] == "self"
    assert answer["extra"] == {}
    assert {"cloud_provider", "copy_regions", "replica_set_name", "policy_items"} <= set(answer)


def test_json_keeps_unknown_fields_and_members(run: Run, emulator: AtlasEmulator) -> None:
    body = {
        "id": "66b0c1d2e3f4a5b6c7d8e9aa",
        "type": "shardedCluster",
        "status": "queued",
        "members": [{"id": "66b0c1d2e3f4a5b6c7d8e9ab", "replicaSetName": "s0"}],
        "novel": {"x": [1, None]},
    }
    emulator.fault(Fault(method="POST", path=TAKE, body=json.dumps(body).encode()))

    answer = json.loads(run("take", emulator.cluster_name, "--output=json").stdout)

    assert answer["extra"] == {"novel": {"x": [1, None]}}
    assert answer["members"][0]["replica_set_name"] == "s0"


def test_what_atlas_sends_cannot_steer_the_terminal(run: Run, emulator: AtlasEmulator) -> None:
    body = {"id": "66b0c1d2e3f4a5b6c7d8e9aa", "status": "queued", "description": "a\x1b[2Jb\n"}
    emulator.fault(Fault(method="POST", path=TAKE, body=json.dumps(body).encode()))

    done = run("take", emulator.cluster_name)

    assert "a\\x1b[2Jb\\n" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_the_project_can_be_named(run: Run, emulator: AtlasEmulator) -> None:
    done = run(
        "take",
        emulator.cluster_name,
        "--project-id",
        emulator.group_id,
        "--base-url",
        emulator.base_url,
        MONGODB_ATLAS_PROJECT_ID=None,
        MONGODB_ATLAS_BASE_URL=None,
    )

    assert done.returncode == 0
    assert len(on_demand(emulator)) == 1


def test_unknown_cluster_is_1(run: Run, emulator: AtlasEmulator) -> None:
    done = run("take", "Nope", "--output", "json")

    assert done.returncode == 1
    error = error_of(done)
    assert error["type"] == "ClusterNotFoundError"
    assert (error["status"], error["error_code"]) == (404, "CLUSTER_NOT_FOUND")
    assert error["parameters"] == ["Nope", emulator.group_id]
    assert "No cluster named Nope" in error["message"]


def test_wrong_secret_is_1_with_a_hint_and_without_the_secret(
    run: Run, emulator: AtlasEmulator
) -> None:
    canary = "c4n4ry-secret"

    done = run("take", emulator.cluster_name, "-vv", MONGODB_ATLAS_CLIENT_SECRET=canary)

    assert done.returncode == 1
    assert "hint: the client id or the client secret is wrong" in done.stderr
    assert canary not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert on_demand(emulator) == []


@pytest.mark.parametrize("output", ["table", "json"])
def test_no_secret_in_any_output(run: Run, emulator: AtlasEmulator, output: str) -> None:
    secret = emulator.env["MONGODB_ATLAS_CLIENT_SECRET"]

    done = [
        run("take", cluster, "-vv", "--output", output)
        for cluster in (emulator.cluster_name, emulator.cluster_name, "Nope")
    ]

    assert [item.returncode for item in done] == [0, 1, 1]
    text = "".join(item.stdout + item.stderr for item in done)
    assert "DEBUG POST" in text
    assert secret not in text
    assert "Bearer" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "the following arguments are required: CLUSTER"),
        (("a b",), "cluster_name must be"),
        (("C", "--project-id", "x"), "group_id must be"),
        (("C", "--retention-in-days", "1.5"), "not a whole number: '1.5'"),
        (("C", "--retention-in-days", "0"), "retention_in_days must be from 1"),
        (("C", "--description", "a\nb"), "control characters"),
        (("C", "--timeout", "nan"), "timeout must be"),
        (("C", "--base-url", "http://example.com"), "base_url must be https"),
        (("C", "--ca-file", "/nowhere.pem"), "ca_file /nowhere.pem"),
        (("C", "--out", "json"), "unrecognized arguments: --out"),
        (("C", "D"), "unrecognized arguments: D"),
        (("C", "--project", "P", "--project-id", "x"), "not allowed with argument"),
        (("C", "--if-busy", "hope"), "invalid choice: 'hope'"),
        (("C", "--if-busy", "join", "--key", "k"), "idempotency_key"),
        (("C", "--key", ""), "idempotency_key must"),
        (
            ("C", "--retention-in-days", str(2**70)),
            "retention_in_days must be from 1 to 2147483647",
        ),
        (("C", "--wait", "--wait-timeout", "-1"), "wait_timeout must be"),
        (("C", "--wait-timeout", "5"), "give --wait or --if-busy wait too"),
        (("C", "--if-busy", "join", "--wait-timeout", "5"), "give --wait or --if-busy wait too"),
        (("C", "--wait", "--wait-timeout", "soon"), "invalid float value: 'soon'"),
        (("C", "--token-cache", "/nowhere/token"), "token_cache"),
    ],
)
def test_bad_usage_is_2_and_sends_nothing(
    inside: Inside, emulator: AtlasEmulator, words: tuple[str, ...], message: str
) -> None:
    status, out, err = inside("take", *words)

    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert emulator.requests == ()


@pytest.mark.parametrize(
    "words",
    [
        ("--client-secret", "c4n4ry"),
        ("--client-secret=c4n4ry",),
        ("-pc4n4ry",),
        ("-p", "c4n4ry"),
        ("--proxy", "http://user:c4n4ry@proxy:3128"),
    ],
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(
    inside: Inside, words: tuple[str, ...]
) -> None:
    status, out, err = inside("take", "Cluster0", *words)

    assert status == 2
    assert "c4n4ry" not in out + err


def test_bad_usage_is_json_too(run: Run) -> None:
    done = run("take", "--output", "json")

    assert done.returncode == 2
    error = error_of(done)
    assert error["type"] == "UsageError"
    assert error["usage"].startswith("usage: atlas-backups take")


def test_without_a_project_or_credentials_is_2(run: Run) -> None:
    without_project = run("take", "C", MONGODB_ATLAS_PROJECT_ID="")
    without_secret = run("take", "C", MONGODB_ATLAS_CLIENT_SECRET=None)

    assert without_project.returncode == 2
    assert "--project-id or set MONGODB_ATLAS_PROJECT_ID" in without_project.stderr
    assert without_secret.returncode == 2
    assert "MONGODB_ATLAS_CLIENT_SECRET" in without_secret.stderr


@pytest.mark.skipif(os.name == "nt", reason="a Windows environment is always Unicode")
@pytest.mark.parametrize("value", [b"canary\xff", b'"32b6e34b3d91647abb20e7b8"'])
def test_project_variable_that_cannot_be_meant_is_named(run: Run, value: bytes) -> None:
    done = run("take", "C", MONGODB_ATLAS_PROJECT_ID=os.fsdecode(value))

    assert done.returncode == 2
    assert "MONGODB_ATLAS_PROJECT_ID" in done.stderr
    assert "UTF-8" in done.stderr or "quotation marks" in done.stderr


def test_unreachable_is_1(run: Run, emulator: AtlasEmulator) -> None:
    emulator.stop()

    done = run("take", "Cluster0", "--total-timeout", "5", "--output", "json")

    assert done.returncode == 1
    assert error_of(done)["type"] == "TransportError"


def test_ambiguous_is_1_and_shouted(run: Run, emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(method="POST", path=TAKE, reset="after"))

    done = run("take", emulator.cluster_name)

    assert done.returncode == 1
    assert "THE SNAPSHOT MAY OR MAY NOT HAVE BEEN TAKEN" in done.stderr.splitlines()[0]
    assert "hint: look at the cluster's snapshots" in done.stderr
    assert done.stdout == ""
    assert requests(emulator, "POST") == 1


def test_ambiguous_as_json_says_the_cause(run: Run, emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(method="POST", path=TAKE, status=503, body=b"<html>"))

    done = run("take", emulator.cluster_name, "--output", "json")

    assert done.returncode == 1
    error = error_of(done)
    assert error["type"] == "AmbiguousOutcomeError"
    assert error["candidates"] == []
    assert (error["cause"]["type"], error["cause"]["status"]) == ("ServiceUnavailableError", 503)


def test_a_snapshot_that_has_failed_is_no_success(run: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0, fails=True)

    done = run("take", emulator.cluster_name)

    assert done.returncode == 1
    assert "there is no backup" in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_an_id_that_cannot_be_written_is_told_on_stderr(
    command: list[str], env: dict[str, str], emulator: AtlasEmulator
) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(  # noqa: S603  # our own program
            [*command, "take", emulator.cluster_name],
            env=env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    (taken,) = on_demand(emulator)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"snapshot {taken} was taken, but: cannot write" in line


def test_a_broken_pipe_is_no_traceback(
    command: list[str], env: dict[str, str], emulator: AtlasEmulator
) -> None:
    read, write = os.pipe()
    os.close(read)
    done = [
        subprocess.run(  # noqa: S603  # our own program
            [*command, *words],
            env=env,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        for words in (("take", emulator.cluster_name), ("--help",), ("demo",), ("emulator",))
    ]
    os.close(write)

    assert [item.returncode for item in done] == [1, 1, 1, 1]
    assert on_demand(emulator)[0] in done[0].stderr
    assert [item.stderr for item in done[1:]] == ["", "", ""]


def test_take_says_whether_it_took_the_snapshot_or_found_it(
    run: Run, emulator: AtlasEmulator
) -> None:
    emulator.next_snapshot(seconds=0)

    shown = [run("take", "Cluster0", "--key", "nightly", "--wait").stdout for _ in range(2)]

    assert "taken by this call" in shown[0]
    assert "this call took none" in shown[1]
