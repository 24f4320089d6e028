"""How IPython gets the HTML: representations of results, the box above a traceback."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import atlas_backups as ab
from tests.html.samples import SAMPLES


@pytest.mark.parametrize("name", [*SAMPLES])
def test_mimebundle_has_html_and_repr(name: str) -> None:
    shown: Any = SAMPLES[name]

    bundle = shown._repr_mimebundle_()

    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == repr(shown)
    assert bundle["text/html"].startswith('<div class="atlas-backups')
    assert shown._repr_html_().startswith('<div class="atlas-backups')


def test_mimebundle_honours_include_and_exclude() -> None:
    shown: Any = SAMPLES["snapshot"]

    assert set(shown._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert set(shown._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}


def test_html_is_loaded_on_first_use() -> None:
    program = (
        "import sys, atlas_backups as ab\n"
        "repr(ab.SnapshotList()); str(ab.AtlasError('x'))\n"
        "assert not hasattr(ab.AtlasError('x'), '_render_traceback_')\n"
        "print([name for name in sys.modules if name.startswith('atlas_backups.html')])\n"
    )

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


class Shell:
    """The part of IPython's shell that is used."""

    def __init__(self) -> None:
        self.published: list[dict[str, str]] = []
        self.display_pub = SimpleNamespace(publish=self.published.append)
        self.InteractiveTB = SimpleNamespace(
            structured_traceback=lambda _kind, error, _traceback: [f"all of {error!r}"]  # pyright: ignore[reportUnknownLambdaType]  # IPython's
        )


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    shell.kernel = object()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return shell


def raised(error: ab.AtlasError) -> Any:  # noqa: ANN401  # has IPython's protocol
    with pytest.raises(ab.AtlasError) as caught:
        raise error
    return caught.value


def test_kernel_displays_the_box_once_above_each_traceback(kernel: Shell) -> None:
    error = raised(ab.ConfigurationError("no credentials"))

    # IPython renders a traceback twice: to display it, and for its history.
    tracebacks = [error._render_traceback_() for _ in range(2)]

    assert tracebacks == [["all of ConfigurationError('no credentials')"]] * 2
    (box,) = kernel.published
    assert "no credentials" in box["text/html"]

    raised(error)._render_traceback_()

    assert len(kernel.published) == 2


def test_undrawable_box_keeps_the_traceback(kernel: Shell) -> None:
    error = raised(ab.WaitTimeoutError("late", snapshot=42))  # type: ignore[arg-type]  # invalid on purpose

    assert error._render_traceback_() == ["all of WaitTimeoutError('late')"]
    assert kernel.published == []


@pytest.mark.parametrize("shell", [None, Shell()])
def test_terminal_has_no_traceback_renderer(
    monkeypatch: pytest.MonkeyPatch, shell: Shell | None
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))

    assert not hasattr(raised(ab.AtlasError("x")), "_render_traceback_")
