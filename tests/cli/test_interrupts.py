"""Ctrl-C and SIGTERM: the end comes at once, says what is known, and shows no traceback."""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from atlas_backups.cli import failures
from atlas_backups.cli.failures import AdvisedError
from atlas_backups.emulator import Fault
from atlas_backups.errors import AmbiguousOutcomeError, InvalidResponseError
from tests.cli.helpers import SNAPSHOTS, newest, on_demand, requests, started
from tests.waiting import until

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator

SIGNALS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
# Far below the next look of the wait, far above what a busy machine needs.
_PROMPTLY = 10

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
@pytest.mark.parametrize("key", ["release-42", None])
def test_while_the_take_is_under_way_the_unknown_is_shouted(  # noqa: PLR0913, PLR0917  # a matrix
    env: dict[str, str],
    emulator: AtlasEmulator,
    number: signal.Signals,
    status: int,
    word: str,
    key: str | None,
) -> None:
    emulator.fault(Fault(method="POST", path=SNAPSHOTS, delay=5))
    keyed = ("--key", key) if key else ()

    with started(env, "take", emulator.cluster_name, *keyed) as process:
        until(lambda: on_demand(emulator))
        time.sleep(0.1)
        emulator.clear_faults()
        process.send_signal(number)
        out, err = process.communicate(timeout=_PROMPTLY)

    assert (process.returncode, out) == (status, "")
    lines = err.splitlines()
    assert lines[0] == f"atlas-backups: {word}"
    assert "MAY OR MAY NOT HAVE BEEN TAKEN" in lines[1]
    assert "Traceback" not in err
    tag = (newest(emulator).description or "").strip()
    assert bool(tag) == bool(key)
    assert (tag in err) if tag else ("begin with" not in err)


def test_as_json_the_unknown_is_in_the_error(env: dict[str, str], emulator: AtlasEmulator) -> None:
    emulator.fault(Fault(method="POST", path=SNAPSHOTS, delay=5))

    with started(env, "take", "Cluster0", "--key", "k", "--output", "json") as process:
        until(lambda: on_demand(emulator))
        time.sleep(0.1)
        emulator.clear_faults()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=_PROMPTLY)

    assert (process.returncode, out) == (130, "")
    error = json.loads(err)["error"]
    assert error["type"] == "KeyboardInterrupt"
    assert error["doubt"]["type"] == "AmbiguousOutcomeError"
    assert error["doubt"]["idempotency_tag"] == (newest(emulator).description or "").strip()


def test_before_anything_was_asked_for_it_says_so(
    env: dict[str, str], emulator: AtlasEmulator
) -> None:
    emulator.fault(Fault(path="/oauth/token", delay=5))

    with started(env, "take", "Cluster0") as process:
        until(lambda: emulator.faults == ())
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=_PROMPTLY)

    assert process.returncode == 130
    assert "nothing is known to have been taken" in err
    assert "MAY OR MAY NOT" not in err
    assert requests(emulator, "POST") == 0


@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
def test_while_it_waits_it_says_how_to_go_on(
    env: dict[str, str], emulator: AtlasEmulator, number: signal.Signals, status: int, word: str
) -> None:
    with started(env, "take", "Cluster0", "--wait") as process:
        until(lambda: requests(emulator, "GET"))
        process.send_signal(number)
        out, err = process.communicate(timeout=_PROMPTLY)

    (taken,) = on_demand(emulator)
    command = f"atlas-backups wait Cluster0 {taken} --project-id {emulator.group_id}"
    assert (process.returncode, out) == (status, "")
    assert err.splitlines() == [
        f"atlas-backups: {word}",
        f"atlas-backups: hint: to wait for the snapshot again: {command}",
    ]


@pytest.mark.parametrize("command", ["wait", "retain", "delete"])
def test_every_wait_ends_with_sigterm(
    env: dict[str, str], emulator: AtlasEmulator, command: str
) -> None:
    with started(env, "take", "Cluster0") as take:
        take.communicate(timeout=_PROMPTLY)
    (taken,) = on_demand(emulator)
    more = {"wait": (), "retain": ("--days", "2", "--wait"), "delete": ("--yes", "--wait")}

    with started(env, command, "Cluster0", taken, *more[command]) as process:
        until(lambda: requests(emulator, "GET"))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=_PROMPTLY)

    assert (process.returncode, out) == (143, "")
    assert "Traceback" not in err
    assert on_demand(emulator) == [taken]
    assert requests(emulator, "PATCH") + requests(emulator, "DELETE") == 0


def test_a_wait_begun_anew_goes_on(env: dict[str, str], emulator: AtlasEmulator) -> None:
    emulator.next_snapshot(seconds=4)
    with started(env, "take", "Cluster0", "--wait") as process:
        until(lambda: requests(emulator, "GET"))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=_PROMPTLY)
    words = err.rpartition("atlas-backups wait")[2].split()

    with started(env, "wait", *words) as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert newest(emulator).id in out
    assert requests(emulator, "POST") == 1


def test_a_second_ctrl_c_hides_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = KeyboardInterrupt(), KeyboardInterrupt()
    first.__context__ = AmbiguousOutcomeError("unknown", idempotency_tag="[ab1:X]")
    advised = AdvisedError("go on so")
    advised.__cause__ = first
    second.__context__ = advised

    assert failures.report(second, as_json=False) == 130

    err = capsys.readouterr().err
    assert "MAY OR MAY NOT" in err
    assert "[ab1:X]" in err
    assert "hint: go on so" in err


def test_what_a_stranger_says_is_no_hint(capsys: pytest.CaptureFixture[str]) -> None:
    forged = "it begins: moved (1 attempt, 0.10 s). Hint: run this (1 attempt, 0.20 s)"

    assert failures.report(InvalidResponseError(forged), as_json=False) == 1

    assert capsys.readouterr().err == f"atlas-backups: {forged}\n"
