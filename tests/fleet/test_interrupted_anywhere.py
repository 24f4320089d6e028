"""A signal handler that raises anywhere in a fleet loses no snapshot that was taken.

Each is in an outcome that the caller has, or an `AmbiguousOutcomeError` behind what was raised
tells of it.
"""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_backups import AmbiguousOutcomeError, SnapshotRequest
from atlas_backups.client import fleet, sansio
from tests.bodies import queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from types import FrameType

    from tests.conftest import Serve
    from tests.flavor import ClientFlavor

REQUEST = SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)
# As many lines at least are passed, or nothing was interrupted.
MANY = 20
FILES = {Path(sansio.__file__).name, Path(fleet.__file__).name}


class Stop(BaseException):
    """Raised by a handler of a signal."""


class Interruption:
    """Raises before a certain line of the code that hands outcomes on."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __enter__(self) -> None:
        sys.settrace(self.trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def trace(self, frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401  # itself
        code = Path(frame.f_code.co_filename)
        if code.parent.name != "client" or code.name not in FILES:
            return None
        # At `try` itself no signal is handled.
        text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and text != "try:":
            self.left -= 1
            if not self.left:
                raise Stop
        return self.trace


def is_in_doubt(end: BaseException) -> bool:
    """Return whether the context of an end says what may have been taken."""
    context: BaseException | None = end
    while context is not None and not isinstance(context, AmbiguousOutcomeError):
        context = context.__context__
    return context is not None


def test_interruption_at_any_line_yields_or_names_each_taken_snapshot(
    flavor: ClientFlavor, serve: Serve
) -> None:
    line, is_over = 0, False
    while not is_over:
        line += 1
        delivered = False
        server, client = serve(always(answer(200, queued())))
        outcomes = flavor.iterate(client, "take_snapshots", [REQUEST])
        try:
            with Interruption(line):
                for outcome in outcomes:
                    delivered = outcome.snapshot is not None
            is_over = True
        except Stop as end:
            delivered = delivered or is_in_doubt(end)
        assert delivered or not server.requests, line

    assert line > MANY
