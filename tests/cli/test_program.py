from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import atlas_backups
from atlas_backups._quantities import size
from atlas_backups.cli import failures, main, output
from atlas_backups.cli.program import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]


def test_version(run: Run) -> None:
    done = run("--version")

    assert (done.returncode, done.stdout) == (0, f"atlas-backups {atlas_backups.__version__}\n")


def test_help_names_every_command_and_where_credentials_come_from(run: Run) -> None:
    done = run("--help")

    assert done.returncode == 0
    for text in (*COMMANDS, "environment only", "exit status"):
        assert text in done.stdout


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
        ("emulator", ("--port", "--snapshot-seconds", "--digest-algorithm", "--quiet")),
        ("demo", ("--seconds", "--fail", "No account")),
    ],
)
def test_each_command_has_help(
    name: str, texts: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0

    out = capsys.readouterr().out
    assert f"usage: atlas-backups {name}" in out
    for text in texts:
        assert text in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "a command is needed"),
        (["tak"], "invalid choice: 'tak'"),
        (["--nope"], "unrecognized arguments: --nope"),
        (["demo", "--seconds", "0"], "seconds are above 0"),
        (["demo", "--seconds", "x"], "seconds are above 0"),
        (["emulator", "--port", "x"], "a port is a number"),
    ],
)
def test_bad_usage_is_2(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2

    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_help_loads_no_command() -> None:
    code = (
        "import sys; from atlas_backups.cli import main; main(['--help']);"
        "heavy = ('atlas_backups.emulator', 'atlas_backups.cli.demo', 'http', 'socket');"
        "sys.exit(str([name for name in heavy if name in sys.modules]))"
    )

    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert done.stderr.strip() == "[]"


def test_importing_the_package_does_not_import_the_command_line() -> None:
    code = "import sys, atlas_backups; print('atlas_backups.cli' in sys.modules)"

    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_mistake_of_our_own_keeps_its_traceback(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // len("")

    assert failures.report(caught.value, as_json=as_json) == 1

    err = capsys.readouterr().err
    assert "test_program.py" in err
    assert err.startswith('{"error": {"type": "ZeroDivisionError"') == as_json


def test_text_for_a_person_survives_any_encoding(run: Run) -> None:
    done = run("take", "ö", PYTHONUTF8="0", PYTHONIOENCODING="ascii")

    assert done.returncode == 2
    assert "\\xf6" in done.stderr


def test_printable_escapes_what_a_terminal_would_obey() -> None:
    assert output.printable("a\x1b[31mb\u202ec ö") == "a\\x1b[31mb\\u202ec ö"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 * 2**30, "5.0 GiB"),
        (2**63, "over 1023 PiB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
