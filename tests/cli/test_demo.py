from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminals import on_a_terminal

pytest.importorskip("pty")

if TYPE_CHECKING:
    from tests.cli.helpers import Run

_REDRAWN = re.compile(r"\x1b\[\d+A")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def seconds(said: str) -> float:
    """How long the snapshot took, as it was told."""
    told = re.search(r"completed in (\d+\.\d) s", said)
    assert told
    return float(told[1])


def test_piped_it_is_plain_lines_to_the_end(run: Run) -> None:
    done = run("demo", "--seconds", "3")

    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    order = [
        "queued",
        "inProgress",
        "mongod_version      8.0.29",
        "cloud_provider      AWS",
        "completed",
        "storage_size_bytes  5368709120 (5.0 GiB)",
        "moved",
        "completed in ",
        "1 POST to take it",
        "AtlasBackups().take_snapshot(",
        "atlas-backups emulator --port 8080",
    ]
    places = [done.stdout.index(text) for text in order]
    assert places == sorted(places)
    assert seconds(done.stdout) >= 3


def test_a_snapshot_that_fails_is_1(run: Run) -> None:
    done = run("demo", "--seconds", "0.3", "--fail")

    assert (done.returncode, done.stderr) == (1, "")
    assert "failed after " in done.stdout
    assert "there is no backup" in done.stdout
    assert "completed" not in done.stdout


def test_the_environment_of_a_real_account_does_not_matter(run: Run) -> None:
    done = run(
        "demo",
        "--seconds",
        "0.3",
        MONGODB_ATLAS_BASE_URL="https://atlas.invalid",
        MONGODB_ATLAS_CLIENT_SECRET=None,
        HTTP_PROXY="http://proxy.invalid:1",
        http_proxy="http://proxy.invalid:1",
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_on_a_terminal_it_moves_and_has_colours(env: dict[str, str]) -> None:
    status, said = on_a_terminal(env, "demo", "--seconds", "2")

    assert status == 0
    assert len(_REDRAWN.findall(said)) > 5
    assert _COLOUR.search(said)
    assert "━" in said
    assert "not yet: mongod_version" in said
    assert "?25l" not in said  # nothing that would have to be put right afterwards
    assert seconds(said) >= 2


def test_no_color_moves_without_colours(env: dict[str, str]) -> None:
    status, said = on_a_terminal(env, "demo", "--seconds", "0.5", NO_COLOR="1")

    assert status == 0
    assert _REDRAWN.search(said)
    assert not _COLOUR.search(said)


@pytest.mark.parametrize("columns", ["80", "41"])
def test_what_is_drawn_again_fits_in_one_line(env: dict[str, str], columns: str) -> None:
    _, said = on_a_terminal(env, "demo", "--seconds", "0.5", NO_COLOR="1", COLUMNS=columns)

    before_clearing = [piece.rsplit("\n", 1)[-1] for piece in said.split("\x1b[K")[:-1]]
    drawn = [line for line in before_clearing if "━" in line or "not yet" in line]
    assert drawn
    assert max(map(len, drawn)) < int(columns)


@pytest.mark.parametrize("changes", [{"TERM": "dumb"}, {"COLUMNS": "30", "NO_COLOR": "1"}])
def test_a_terminal_that_cannot_gets_plain_lines(
    env: dict[str, str], changes: dict[str, str]
) -> None:
    status, said = on_a_terminal(env, "demo", "--seconds", "0.3", **changes)

    assert status == 0
    assert "\x1b" not in said
    assert "completed" in said


def test_without_unicode_it_draws_in_ascii(env: dict[str, str]) -> None:
    status, said = on_a_terminal(
        env, "demo", "--seconds", "0.3", PYTHONUTF8="0", PYTHONIOENCODING="ascii", NO_COLOR="1"
    )

    assert status == 0
    assert said.isascii()
    assert "\\u" not in said
    assert "+- completed" in said


def test_ctrl_c_is_130_and_leaves_the_terminal_in_order(env: dict[str, str]) -> None:
    status, said = on_a_terminal(env, "demo", "--seconds", "30", at="inProgress")

    assert status == 130
    assert said.endswith("\natlas-backups: interrupted\n")
    assert "Traceback" not in said
