"""`wait` and `--wait`: progress, timeouts, Ctrl-C and SIGTERM, and the hint how to resume."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.cli import errors
from atlas_backups.cli.errors import ErrorWithResumeHint
from atlas_backups.emulator import Fault
from atlas_backups.errors import AmbiguousOutcomeError
from tests.cli.helpers import SNAPSHOTS, newest, on_demand, requests, run_on_terminal, started
from tests.waiting import until

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Run

SIGNALS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
# Far below the next poll of the wait, far above what a busy machine needs.
_PROMPTLY = 10

needs_a_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


def resume_command(emulator: AtlasEmulator) -> str:
    taken = newest(emulator).id
    return f"atlas-backups wait Cluster0 {taken} --project-id {emulator.group_id}"


def test_wait_prints_the_completed_snapshot(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5)
    inside("take", "Cluster0")

    done = inside("wait", "Cluster0", newest(emulator).id, "--output", "json")

    assert (done.status, done.err) == (0, "")
    document = json.loads(done.out)
    assert (document["id"], document["status"]) == (newest(emulator).id, "completed")


def test_no_progress_prints_only_the_result(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5)

    assert inside("take", "Cluster0", "--wait", "--no-progress").err == ""


def test_wait_timeout_exits_4_with_resume_hint(inside: Run, emulator: AtlasEmulator) -> None:
    inside("take", "Cluster0")

    done = inside(
        "wait", "Cluster0", newest(emulator).id, "--wait-timeout", "1", "--output", "json"
    )

    assert (done.status, done.error["type"]) == (4, "WaitTimeoutError")
    assert done.error["snapshot"]["id"] == newest(emulator).id
    assert done.error["advice"].endswith(resume_command(emulator))


def test_rejected_token_during_a_wait_exits_1_with_resume_hint(
    inside: Run, emulator: AtlasEmulator
) -> None:
    emulator.fault(replace(Fault.error(401, "USER_UNAUTHORIZED"), method="GET", times=None))

    done = inside("take", "Cluster0", "--wait")

    assert (done.status, done.out) == (1, "")
    assert f"hint: to wait for the snapshot again: {resume_command(emulator)}" in done.err


def test_failed_snapshot_exits_1_without_resume_hint(inside: Run, emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=0.5, fails=True)
    inside("take", "Cluster0")
    failed = newest(emulator).id

    waited = inside("wait", "Cluster0", failed, "--output", "json")
    shown = inside("show", "Cluster0", failed)

    assert (waited.status, waited.error["type"]) == (1, "SnapshotFailedError")
    assert waited.error["snapshot"]["id"] == failed
    assert "advice" not in waited.error
    assert shown.status == 0
    assert "failed" in shown.out


def test_progress_goes_to_stderr_beside_one_json_document(
    run: Run, emulator: AtlasEmulator
) -> None:
    emulator.next_snapshot(seconds=0.5)

    done = run("take", "Cluster0", "--wait", "--progress", "--output", "json")

    document = json.loads(done.out)
    assert (document["status"], document["is_new"]) == ("completed", True)
    first, second, *_, last = done.err.splitlines()
    assert first.startswith("Cluster0: requesting a snapshot")
    assert f"{document['id']} is queued" in second
    assert f"{document['id']} is completed" in last


@needs_a_terminal
def test_ctrl_c_on_a_terminal_ends_with_resume_hint(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    status, text = run_on_terminal(env, "take", "Cluster0", "--wait", at="is inProgress")

    assert status == 130
    assert "\natlas-backups: interrupted\n" in text  # progress is the default on a terminal
    assert text.splitlines()[-1].endswith(resume_command(emulator))
    assert "atlas.wait_for_snapshot" not in text
    assert "Traceback" not in text


@needs_signals
@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
@pytest.mark.parametrize("key", ["release-42", None])
def test_signal_during_the_request_reports_an_unknown_outcome(  # noqa: PLR0913, PLR0917  # a matrix
    env: dict[str, str],
    emulator: AtlasEmulator,
    number: signal.Signals,
    status: int,
    word: str,
    key: str | None,
) -> None:
    emulator.fault(Fault(method="POST", path=SNAPSHOTS, delay=5))
    output = "json" if key and number == signal.SIGINT else "table"
    keyed = ("--key", key) if key else ()

    with started(env, "take", "Cluster0", "--output", output, *keyed) as process:
        until(lambda: on_demand(emulator))
        time.sleep(0.1)
        emulator.clear_faults()
        process.send_signal(number)
        out, err = process.communicate(timeout=_PROMPTLY)

    assert (process.returncode, out) == (status, "")
    assert "Traceback" not in err
    tag = (newest(emulator).description or "").strip()
    assert bool(tag) == bool(key)
    if output == "json":
        error = json.loads(err)["error"]
        assert error["type"] == "KeyboardInterrupt"
        assert error["ambiguous"]["idempotency_tag"] == tag
    else:
        first, second, *_ = err.splitlines()
        assert first == f"atlas-backups: {word}"
        assert "MAY OR MAY NOT HAVE BEEN TAKEN" in second
        assert (tag in err) if tag else ("begin with" not in err)


@needs_signals
def test_signal_before_the_request_reports_no_snapshot(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    emulator.fault(Fault(path="/oauth/token", delay=5))

    with started(env, "take", "Cluster0") as process:
        until(lambda: emulator.faults == ())
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=_PROMPTLY)

    assert process.returncode == 130
    assert "no snapshot is known to be taken" in err
    assert "MAY OR MAY NOT" not in err
    assert requests(emulator, "POST") == 0


@needs_signals
@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
def test_signal_during_a_wait_ends_with_resume_hint(
    env: dict[str, str], emulator: AtlasEmulator, number: signal.Signals, status: int, word: str
) -> None:
    with started(env, "take", "Cluster0", "--wait") as process:
        until(lambda: requests(emulator, "GET"))
        process.send_signal(number)
        out, err = process.communicate(timeout=_PROMPTLY)

    assert (process.returncode, out) == (status, "")
    assert err.splitlines() == [
        f"atlas-backups: {word}",
        f"atlas-backups: hint: to wait for the snapshot again: {resume_command(emulator)}",
    ]


@needs_signals
@pytest.mark.parametrize("command", ["wait", "retain --days 2 --wait", "delete --yes --wait"])
def test_sigterm_ends_the_wait_of_each_command(
    env: dict[str, str], inside: Run, emulator: AtlasEmulator, command: str
) -> None:
    inside("take", "Cluster0")
    (taken,) = on_demand(emulator)
    name, *options = command.split()

    with started(env, name, "Cluster0", taken, *options) as process:
        until(lambda: requests(emulator, "GET"))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=_PROMPTLY)

    assert (process.returncode, out) == (143, "")
    assert "Traceback" not in err
    assert on_demand(emulator) == [taken]
    assert requests(emulator, "PATCH") + requests(emulator, "DELETE") == 0


def test_second_ctrl_c_hides_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = KeyboardInterrupt(), KeyboardInterrupt()
    first.__context__ = AmbiguousOutcomeError("unknown", idempotency_tag="[ab1:X]")
    hinted = ErrorWithResumeHint("continue like this")
    hinted.__cause__ = first
    second.__context__ = hinted

    assert errors.report(second, as_json=False) == 130

    err = capsys.readouterr().err
    assert "MAY OR MAY NOT" in err
    assert "[ab1:X]" in err
    assert "hint: continue like this" in err
