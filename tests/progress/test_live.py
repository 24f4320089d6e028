"""Where it can be drawn, progress is one line that is drawn again, and no bar that pretends."""

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

from atlas_backups.progress import display
from atlas_backups.progress.display import Lines, open_display
from atlas_backups.progress.live import Live

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

needs_a_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
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


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [it for it in threading.enumerate() if it.name == "atlas-backups-progress"]


@contextmanager
def terminal() -> Generator[Terminal]:
    """Standard error as a terminal, whatever pytest makes of it."""
    with redirect_stderr(Terminal()) as stream:
        yield stream


def on_a_terminal(columns: int) -> str:
    """What the program writes to a terminal of that width."""
    import fcntl  # noqa: PLC0415  # there is none on Windows
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
        said = b""
        while True:
            try:
                piece = os.read(controller, 4096)
            except OSError:  # how Linux says that the other side has closed
                break
            if not piece:
                break
            said += piece
        os.close(controller)
        assert process.wait(timeout=20) == 0
    return said.decode()


@needs_a_terminal
def test_a_terminal_shows_state_and_time_and_no_percentage() -> None:
    said = on_a_terminal(100)

    assert re.search(r"\rCluster0: snapshot [0-9a-f]{24} is inProgress \(00:0[1-9]", said)
    assert re.search(r"\rCluster0: snapshot [0-9a-f]{24} is completed \(00:0[2-9]", said)
    assert "one earlier snapshot" in said
    assert "%" not in said
    assert "█" not in said


@needs_a_terminal
def test_a_narrow_terminal_shows_the_state_all_the_same() -> None:
    drawn = [line for line in re.split(r"[\r\n]+", on_a_terminal(44)) if " (00:0" in line]

    assert any("is completed" in line for line in drawn)
    assert all(len(line) < 44 for line in drawn)


def test_time_goes_on_while_nothing_happens() -> None:
    with terminal() as stream:
        live = Live("begin", None)
        live.now("waiting")
        deadline = time.monotonic() + 30
        while "waiting (00:01)" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
        live.close(is_good=True)

    assert "waiting (00:01)" in stream.getvalue()


def test_what_can_be_counted_has_a_bar() -> None:
    with terminal() as stream:
        live = Live("0 ended", 4)
        live.now("2 ended", done=2)
        live.close(is_good=True)

    assert re.search(r"2/4 \|[#█]{10} {10}\| \(00:0\d\) 2 ended", stream.getvalue())


def test_what_is_to_stay_stays_above() -> None:
    with terminal() as stream:
        live = Live("begin", None)
        live.tell("\x1b[31mto stay")
        live.close(is_good=True)

    assert "\\x1b[31mto stay\n" in stream.getvalue()


def test_after_its_end_it_shows_no_more() -> None:
    with terminal() as stream:
        live = Live("begin", None)
        live.close(is_good=True)
        before = stream.getvalue()
        live.now("late")
        live.tell("late")
        live.close(is_good=True)

    assert "begin" in before
    assert stream.getvalue() == before


def test_a_stream_that_breaks_is_no_reason_to_stop() -> None:
    with terminal() as stream:
        live = Live("begin", None)
        stream.close()
        live.now("on")
        live.tell("on")
        live.close(is_good=False)


def test_a_pipe_gets_lines() -> None:
    with redirect_stderr(io.StringIO()):
        assert isinstance(open_display("begin"), Lines)


def test_without_tqdm_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_can_redraw", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)

    with terminal():
        assert isinstance(open_display("begin"), Lines)


def test_a_bar_comes_over_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_can_redraw", lambda: True)

    with terminal() as stream:
        shown = open_display("begin", 3)
        shown.close(is_good=True)

    assert isinstance(shown, Live)
    assert "0/3" in stream.getvalue()


@pytest.mark.parametrize("name", ["dumb", ""])
def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TERM", name)

    with terminal() as stream:
        assert isinstance(open_display("begin"), Lines)

    assert stream.getvalue() == ""


class Bar:
    """What there is of tqdm in a notebook."""

    def __init__(self, **options: object) -> None:
        self.options = options
        self.styles: list[str] = []
        bars.append(self)

    def refresh(self) -> None: ...

    def close(self) -> None:
        self.styles.append("success")

    def disp(self, *, bar_style: str) -> None:
        self.styles.append(bar_style)


bars: list[Bar] = []


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=Bar))
    bars.clear()


@pytest.mark.usefixtures("notebook")
@pytest.mark.parametrize(("is_good", "styles"), [(True, []), (False, ["danger"])])
def test_in_a_notebook_only_a_good_end_is_green(is_good: bool, styles: list[str]) -> None:
    shown = open_display("begin")
    shown.close(is_good=is_good)

    (bar,) = bars
    assert bar.styles == ["success", *styles]
    assert bar.options["total"] is None


@pytest.mark.usefixtures("notebook")
def test_in_a_notebook_nothing_stands_among_errors(capfd: pytest.CaptureFixture[str]) -> None:
    Lines().now("on")

    assert capfd.readouterr() == ("on (0 s)\n", "")
