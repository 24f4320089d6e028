"""A signal between the answer and the caller loses no snapshot: what is raised knows it.

Python checks for signals, so a handler can raise, where it notifies profilers of
calls: each such place between the core and the caller is tried, one after the other. But where
a task goes on, any coroutine on the way to ours can be hit, the caller's as well as the method's.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import atlas_backups
from atlas_backups import AmbiguousOutcomeError, Snapshot, WaitTimeoutError
from tests.bodies import SNAPSHOT_ID, queued
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from atlas_backups import AtlasBackups
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor

PACKAGE = str(Path(atlas_backups.__file__).parent)
# The last that a take's flavor does before the answer is there.
ASKED = {"sync": ("c_call", "run"), "async": ("c_return", "run_async")}


class Stop(Exception):  # noqa: N818  # what a task runner's handler raises
    """Raised by a handler of a signal."""


class Profiler:
    """Raises at one of the places that come after the first answer."""

    def __init__(self, flavor: ClientFlavor, place: int) -> None:
        self._asked = ASKED[flavor.name]
        self._left: int | None = None
        self._place = place

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ANN401  # as Python calls it
        if not frame.f_code.co_filename.startswith(PACKAGE) or event in {"return", "c_exception"}:
            return
        if (event, frame.f_code.co_name) == ("call", "take_snapshot_async"):
            return
        name = getattr(argument, "__name__", None)
        if self._left is None and (event, name) == self._asked:
            self._left = self._place
        elif self._left is not None:
            if self._left == 0:
                raise Stop
            self._left -= 1


@pytest.fixture
def profile() -> Iterator[None]:
    before = sys.getprofile()
    yield
    sys.setprofile(before)


def take(flavor: ClientFlavor, client: AtlasBackups, place: int, **options: Any) -> Snapshot | Stop:  # noqa: ANN401  # passed on
    try:
        sys.setprofile(Profiler(flavor, place))
        return flavor.take(client, **options)
    except Stop as stop:
        return stop
    finally:
        sys.setprofile(None)


def known(stop: Stop) -> list[str]:
    """Return the ids of snapshots that stand in the context of an exception."""
    context = stop.__context__
    if isinstance(context, AmbiguousOutcomeError):
        return [snapshot.id for snapshot in context.candidates]
    assert isinstance(context, WaitTimeoutError), context
    return [context.snapshot.id] if context.snapshot else []


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize("options", [{}, {"wait": True}], ids=["taken", "waited for"])
def test_interruption_after_the_response_names_the_snapshot(
    flavor: ClientFlavor, serve: Serve, options: dict[str, Any]
) -> None:
    _, client = serve(always(answer(200, queued(status="completed"))))

    ends = [take(flavor, client, 0, **options)]
    while isinstance(ends[-1], Stop):
        assert known(ends[-1]) == [SNAPSHOT_ID], len(ends)
        ends.append(take(flavor, client, len(ends), **options))

    assert len(ends) > 3
