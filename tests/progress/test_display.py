"""Progress as plain lines, and over tqdm in a terminal or a notebook."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, redirect_stderr
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from atlas_backups.progress import bars
from atlas_backups.progress.bars import open_display
from atlas_backups.progress.display import LineDisplay
from atlas_backups.progress.tqdm_display import TqdmDisplay

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PROGRAM = """
from atlas_backups import AtlasBackups
from atlas_backups.emulator import AtlasEmulator
with AtlasEmulator(snapshot_seconds=2.5) as it:
    with AtlasBackups(it.credentials, base_url=it.base_url) as atlas:
        taken = atlas.take_snapshot(it.group_id, it.cluster_name)
        atlas.wait_for_snapshot(taken, progress=True)
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Interrupted(Terminal):
    """Ctrl-C comes after one text has been written."""

    def write(self, text: str) -> int:
        length = super().write(text)
        if text.startswith("line"):
            raise KeyboardInterrupt
        return length


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [it for it in threading.enumerate() if it.name == "atlas-backups-progress"]


@contextmanager
def terminal() -> Generator[Terminal]:
    with redirect_stderr(Terminal()) as stream:
        yield stream


def output_on_a_terminal(columns: int) -> str:
    import fcntl  # noqa: PLC0415  # not on Windows
    import termios  # noqa: PLC0415  # the same

    controller, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    clean = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", PROGRAM],
        env={**clean, "TERM": "xterm", "PYTHONUTF8": "1"},
        stdin=inside,
        stdout=inside,
        stderr=inside,
    ) as process:
        os.close(inside)
        output = b""
        while True:
            try:
                piece = os.read(controller, 4096)
            except OSError:  # Linux: the other side has closed
                break
            if not piece:
                break
            output += piece
        os.close(controller)
        assert process.wait(timeout=20) == 0
    return output.decode()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
@pytest.mark.parametrize("columns", [100, 44])
def test_terminal_shows_status_and_time_within_its_width(columns: int) -> None:
    output = output_on_a_terminal(columns)

    drawn = [line for line in re.split(r"[\r\n]+", output) if " (00:0" in line]
    assert all(len(line) < columns for line in drawn)
    assert any(re.search(r"^Cluster0: .* is completed \(00:0[2-9]", line) for line in drawn)
    if columns == 100:
        assert re.search(r"Cluster0: snapshot [0-9a-f]{24} is inProgress \(00:0[1-9]", output)
    assert "%" not in output
    assert "█" not in output


def test_time_advances_without_updates() -> None:
    with terminal() as stream:
        shown = TqdmDisplay("start", None)
        shown.update("waiting")
        deadline = time.monotonic() + 30
        while "waiting (00:01)" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
        shown.close(succeeded=True)

    assert "waiting (00:01)" in stream.getvalue()


def test_total_draws_a_bar() -> None:
    with terminal() as stream:
        shown = TqdmDisplay("0 done", 4)
        shown.update("2 done", done=2)
        shown.close(succeeded=True)

    assert re.search(r"2/4 \|[#█]{10} {10}\| \(00:0\d\) 2 done", stream.getvalue())


def test_println_prints_escaped_lines_above() -> None:
    with terminal() as stream:
        shown = TqdmDisplay("start", None)
        shown.println("\x1b[31mpermanent")
        shown.close(succeeded=True)

    assert "\\x1b[31mpermanent\n" in stream.getvalue()


def test_closed_display_shows_nothing_more() -> None:
    with terminal() as stream:
        shown = TqdmDisplay("start", None)
        shown.close(succeeded=True)
        before = stream.getvalue()
        shown.update("late")
        shown.println("late")
        shown.close(succeeded=True)

    assert "start" in before
    assert stream.getvalue() == before


def test_broken_stream_raises_nothing() -> None:
    with terminal() as stream:
        shown = TqdmDisplay("start", None)
        stream.close()
        shown.update("on")
        shown.println("on")
        shown.close(succeeded=False)


@pytest.mark.parametrize("case", ["pipe", "no tqdm", "TERM=dumb", "no TERM"])
def test_without_redrawing_there_are_lines(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setenv("TERM", "dumb" if case == "TERM=dumb" else "")
    if case == "no tqdm":
        monkeypatch.setattr(bars, "_can_redraw", lambda: True)
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)

    with redirect_stderr(io.StringIO() if case == "pipe" else Terminal()) as stream:
        assert isinstance(open_display("start"), LineDisplay)

    assert stream.getvalue() == ""


def test_with_redrawing_there_is_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "_can_redraw", lambda: True)

    with terminal() as stream:
        shown = open_display("start", 3)
        shown.close(succeeded=True)

    assert isinstance(shown, TqdmDisplay)
    assert "0/3" in stream.getvalue()


class Bar:
    """The part of tqdm's notebook bar that is used."""

    def __init__(self, **options: object) -> None:
        self.options = options
        self.styles: list[str] = []
        drawn.append(self)

    def refresh(self) -> None: ...

    def close(self) -> None:
        self.styles.append("success")

    def disp(self, *, bar_style: str) -> None:
        self.styles.append(bar_style)


drawn: list[Bar] = []


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=Bar))
    drawn.clear()


@pytest.mark.usefixtures("notebook")
@pytest.mark.parametrize(("succeeded", "styles"), [(True, []), (False, ["danger"])])
def test_notebook_bar_is_green_only_after_success(succeeded: bool, styles: list[str]) -> None:
    open_display("start").close(succeeded=succeeded)

    (bar,) = drawn
    assert bar.styles == ["success", *styles]
    assert bar.options["total"] is None


@pytest.mark.usefixtures("notebook")
def test_notebook_lines_go_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    LineDisplay().update("on")

    assert capfd.readouterr() == ("on (0 s)\n", "")


@pytest.mark.parametrize("kind", ["lines", "tqdm"])
def test_interrupted_line_is_whole(kind: str) -> None:
    with redirect_stderr(Interrupted()) as stream:
        display = LineDisplay() if kind == "lines" else TqdmDisplay("start", None)

        with pytest.raises(KeyboardInterrupt):
            display.println("line")
        display.close(succeeded=False)

    assert "line\n" in stream.getvalue()
