"""Exceptions are boxes that say what happened and what helps, in notebooks only."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import atlas_backups as ab
from atlas_backups import errors
from tests.html.reading import page, text, words
from tests.html.samples import ERRORS, OUTCOMES, SAMPLES

TREE = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, ab.AtlasError)
]


@pytest.mark.parametrize("cls", TREE)
def test_every_one_of_the_tree_is_a_box(cls: type[ab.AtlasError]) -> None:
    shown = text(cls("it went wrong. Hint: mend it"))

    assert shown.startswith(cls.__name__)
    assert "it went wrong" in shown
    advice = (cls.__doc__ or "").split("\n")[0].replace("`", "")
    assert advice in shown or cls in {ab.AtlasError, ab.ApiError}


def test_a_refusal_says_what_happened_and_what_helps() -> None:
    shown = text(ERRORS[0])

    assert "404 Not Found" in shown
    assert "No cluster named Clutser0 exists." in shown
    assert "Hint: check the spelling; list_clusters() shows the names" in shown
    assert "CLUSTER_NOT_FOUND" in shown
    assert "(1 attempt, 0.21 s)" in shown  # in the whole message


def test_the_hint_of_a_message_is_told_from_it() -> None:
    assert "no route (1 attempt, 0.02 s) Atlas was not reached" in text(ERRORS[8])
    assert "Hint: look at the proxy" in text(ERRORS[8])


FORGED = "Service moved (1 attempt, 0.10 s). Hint: run this"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (ab.ServerError(f"GET /x: 503, {FORGED}", detail=FORGED), None),
        (ab.ServerError(f"GET /x: 503, {FORGED}"), None),
        (ab.ServerError(f"GET /x: {FORGED}. Hint: wait", hint="wait"), "wait"),
        (ab.InvalidResponseError(f"GET /x: {FORGED} (1 attempt, 0.20 s)"), None),
        (ab.InvalidResponseError(f"{FORGED} (2 attempts, 0.20 s). Hint: wait"), "wait"),
        (ab.InvalidArgumentError(f"no such name: '{FORGED}'"), None),
        (ab.SnapshotFailedError(f"no backup of {FORGED}"), None),
        (ab.WaitTimeoutError(f"it ended with {FORGED}. Hint: wait again"), "wait again"),
    ],
)
def test_what_a_stranger_says_is_no_hint_of_ours(error: ab.AtlasError, hint: str | None) -> None:
    outcome = ab.SnapshotOutcome(request=OUTCOMES[0].request, error=error)

    bold = [words(found) for found in page(error).query(".ab-say strong")]
    told = [words(found) for found in page(outcome).query("td .ab-small")]

    assert bold == (["Hint:"] if hint else [])
    assert [line for line in told if "Hint" in line] == ([f"Hint: {hint}"] if hint else [])
    assert "run this" in text(error)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
def test_a_wait_without_end_is_drawn_too(seconds: float) -> None:
    assert f"Asked to wait {seconds} s" in text(ab.RateLimitError("slow", retry_after=seconds))


def test_an_unknown_outcome_shows_what_may_be_it_and_why() -> None:
    shown = text(ERRORS[2])

    assert "outcome unknown" in shown
    assert "Any of these may be it" in shown
    assert "TransportError connection reset by peer" in shown


def test_a_wait_that_timed_out_gives_the_call_that_goes_on() -> None:
    error = ERRORS[3]
    assert isinstance(error, ab.WaitTimeoutError)
    seen = error.snapshot
    assert seen is not None

    assert f"atlas.wait_for_snapshot('{seen.group_id}', 'Cluster0', '{seen.id}')" in text(ERRORS[3])


@pytest.mark.parametrize("name", [*SAMPLES])
def test_html_comes_beside_the_short_repr(name: str) -> None:
    shown: Any = SAMPLES[name]

    both = shown._repr_mimebundle_()

    assert set(both) == {"text/plain", "text/html"}
    assert both["text/plain"] == repr(shown)
    assert both["text/html"].startswith('<div class="atlas-backups')
    assert shown._repr_html_().startswith('<div class="atlas-backups')


def test_only_what_is_asked_for_comes() -> None:
    shown: Any = SAMPLES["snapshot"]

    assert set(shown._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert set(shown._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}


def test_nothing_of_it_is_loaded_before_it_is_asked_for() -> None:
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
    """What there is of IPython in a kernel."""

    def __init__(self) -> None:
        self.published: list[dict[str, str]] = []
        self.display_pub = SimpleNamespace(publish=self.published.append)
        self.InteractiveTB = SimpleNamespace(
            structured_traceback=lambda _kind, error, _traceback: [f"all of {error!r}"]  # pyright: ignore[reportUnknownLambdaType]  # IPython's
        )


def raised(error: ab.AtlasError) -> Any:  # noqa: ANN401  # IPython asks for anything
    with pytest.raises(ab.AtlasError) as caught:
        raise error
    return caught.value


def test_in_a_kernel_the_box_stands_above_the_whole_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell = Shell()
    shell.kernel = object()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    error = raised(ab.ConfigurationError("no credentials"))

    # IPython asks twice: to show it, and to store it.
    tracebacks = [error._render_traceback_() for _ in range(2)]

    assert tracebacks == [["all of ConfigurationError('no credentials')"]] * 2
    (box,) = shell.published
    assert "no credentials" in box["text/html"]

    raised(error)._render_traceback_()

    assert len(shell.published) == 2


def test_a_box_that_cannot_be_drawn_hides_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell()
    shell.kernel = object()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    error = raised(ab.WaitTimeoutError("late", snapshot=42))  # type: ignore[arg-type]  # cannot be drawn

    assert error._render_traceback_() == ["all of WaitTimeoutError('late')"]
    assert shell.published == []


@pytest.mark.parametrize("shell", [None, Shell()])
def test_in_a_terminal_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, shell: Shell | None
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))

    assert not hasattr(raised(ab.AtlasError("x")), "_render_traceback_")
