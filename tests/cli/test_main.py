"""The program: help, usage errors, secrets, encodings, bugs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import atlas_backups
from atlas_backups._format import printable
from atlas_backups.cli import errors, main
from atlas_backups.cli.main import COMMANDS
from atlas_backups.errors import InvalidResponseError

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.cli.helpers import Run

ID = "66b0c1d2e3f4a5b6c7d8e9aa"


def test_version_prints_version(run: Run) -> None:
    assert run("--version") == (0, f"atlas-backups {atlas_backups.__version__}\n", "")


def test_help_names_commands_statuses_and_credentials(inside: Run) -> None:
    done = inside("--help")

    assert done.status == 0
    for text in (*COMMANDS, "environment only", "exit status"):
        assert text in done.out


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("take", ("CLUSTER", "--retention-in-days", "--output", "MONGODB_ATLAS_CLIENT_SECRET")),
        ("list", ("CLUSTER", "--project ", "--token-cache")),
        ("show", ("CLUSTER", "SNAPSHOT")),
        ("wait", ("CLUSTER", "SNAPSHOT", "--wait-timeout", "--progress")),
        ("retain", ("--days", "--weeks", "--months", "--years", "--wait")),
        ("delete", ("--yes", "--wait")),
        ("projects", ("--output",)),
        ("clusters", ("--project ",)),
        ("coverage", ("--all-projects",)),
        ("emulator", ("--port", "--snapshot-seconds", "--digest-algorithm", "--quiet")),
        ("demo", ("--seconds", "--fail", "No account")),
    ],
)
def test_command_help_names_options(inside: Run, name: str, texts: tuple[str, ...]) -> None:
    done = inside(name, "--help")

    assert done.status == 0
    for text in (f"usage: atlas-backups {name}", *texts):
        assert text in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "a command is required"),
        ("tak", "invalid choice: 'tak'"),
        ("--nope", "unrecognized arguments: --nope"),
        ("demo --seconds 0", "seconds must be above 0"),
        ("demo --seconds x", "seconds must be above 0"),
        ("emulator --port x", "a port is a number"),
        ("take", "the following arguments are required: CLUSTER"),
        ("take C --retention-in-days 1.5", "not a whole number: '1.5'"),
        ("take C --base-url http://example.com", "base_url must be https"),
        ("take C --ca-file /nowhere.pem", "ca_file /nowhere.pem"),
        ("take C --out json", "unrecognized arguments: --out"),
        ("take C --project P --project-id x", "not allowed with argument"),
        ("take C --if-busy hope", "invalid choice: 'hope'"),
        ("take C --key=", "idempotency_key must"),
        ("take C --wait-timeout 5", "requires --wait or --if-busy wait"),
        ("take C --if-busy join --wait-timeout 5", "requires --wait or --if-busy wait"),
        ("take C --wait --wait-timeout soon", "invalid float value: 'soon'"),
        ("take C --token-cache /nowhere/token", "token_cache"),
        ("list", "required: CLUSTER"),
        ("show C", "required: SNAPSHOT"),
        ("show C x", "snapshot_id must"),
        (f"wait C {ID} --wait", "unrecognized arguments: --wait"),
        (f"retain C {ID} --days 1 --wait-timeout 5", "requires --wait"),
        (f"retain C {ID}", "one of the arguments --days --weeks --months --years"),
        (f"retain C {ID} --days 1 --weeks 1", "not allowed with"),
        (f"delete C {ID} --yes --wait-timeout 5", "requires --wait"),
        (f"delete C {ID}", "give --yes"),
        ("clusters C", "unrecognized arguments: C"),
        ("projects --project-id x", "unrecognized arguments: --project-id"),
        ("coverage --project P --all-projects", "not allowed with"),
    ],
)
def test_usage_error_exits_2_and_sends_nothing(
    inside: Run, emulator: AtlasEmulator, words: str, message: str
) -> None:
    done = inside(*words.split())

    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert emulator.requests == ()


def test_usage_error_as_json_has_the_usage(inside: Run) -> None:
    done = inside("take", "--output", "json")

    assert (done.status, done.error["type"]) == (2, "UsageError")
    assert done.error["usage"].startswith("usage: atlas-backups take")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MONGODB_ATLAS_PROJECT_ID": ""}, "--project-id or set MONGODB_ATLAS_PROJECT_ID"),
        ({"MONGODB_ATLAS_CLIENT_SECRET": None}, "MONGODB_ATLAS_CLIENT_SECRET"),
        ({"MONGODB_ATLAS_PROJECT_ID": f'"{ID}"'}, "remove the quotation marks"),
        ({"MONGODB_ATLAS_PROJECT_ID": os.fsdecode(b"canary\xff")}, "is not valid UTF-8"),
    ],
)
def test_wrong_environment_exits_2(
    inside: Run, changes: dict[str, str | None], message: str
) -> None:
    done = inside("take", "C", **changes)

    assert done.status == 2
    assert message in done.err


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
def test_secret_argument_is_rejected_and_not_echoed(inside: Run, words: tuple[str, ...]) -> None:
    done = inside("take", "Cluster0", *words)

    assert done.status == 2
    assert "c4n4ry" not in done.out + done.err


@pytest.mark.parametrize("output", ["table", "json"])
def test_verbose_output_has_no_secret(inside: Run, emulator: AtlasEmulator, output: str) -> None:
    done = [inside("take", name, "-vv", "--output", output) for name in ("Cluster0", "Nope")]
    wrong = inside("take", "Cluster0", "-vv", MONGODB_ATLAS_CLIENT_SECRET="c4n4ry")

    assert [item.status for item in (*done, wrong)] == [0, 1, 1]
    text = "".join(item.out + item.err for item in (*done, wrong))
    assert "DEBUG POST" in text
    assert "the client id or the client secret is wrong" in wrong.err
    for secret in (emulator.env["MONGODB_ATLAS_CLIENT_SECRET"], "c4n4ry", "Bearer", "Traceback"):
        assert secret not in text


@pytest.mark.parametrize(
    ("program", "modules"),
    [
        (
            "from atlas_backups.cli import main; main(['--help'])",
            ("atlas_backups.emulator", "atlas_backups.cli.take", "http", "socket"),
        ),
        ("import atlas_backups", ("atlas_backups.cli",)),
    ],
)
def test_startup_loads_no_command(program: str, modules: tuple[str, ...]) -> None:
    code = f"import sys; {program}; sys.exit(str([it for it in {modules} if it in sys.modules]))"

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("as_json", [False, True])
def test_bug_prints_its_traceback(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // len("")

    assert errors.report(caught.value, as_json=as_json) == 1

    err = capsys.readouterr().err
    assert "test_main.py" in err
    assert err.startswith('{"error": {"type": "ZeroDivisionError"') == as_json


def test_forged_hint_is_printed_as_part_of_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    forged = "it begins: moved (1 attempt, 0.10 s). Hint: run this (1 attempt, 0.20 s)"

    assert errors.report(InvalidResponseError(forged), as_json=False) == 1

    assert capsys.readouterr().err == f"atlas-backups: {forged}\n"


def test_unencodable_text_is_escaped(run: Run) -> None:
    done = run("take", "ö", PYTHONUTF8="0", PYTHONIOENCODING="ascii")

    assert done.status == 2
    assert "\\xf6" in done.err


def test_printable_escapes_control_characters() -> None:
    assert printable("a\x1b[31mb\u202ec ö") == "a\\x1b[31mb\\u202ec ö"


def test_main_without_arguments_reads_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["atlas-backups", "--version"])

    assert main() == 0
