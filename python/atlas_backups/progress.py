"""How a wait shows itself: one plain line on standard error for each thing that happens."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups.fleet import SnapshotOutcome
    from atlas_backups.models import Snapshot


@contextlib.contextmanager
def watching(cluster_name: str, *, shown: bool) -> Generator[Callable[[Snapshot], None]]:
    """Show a snapshot at every change; a wait that is broken off says that the snapshot goes on."""
    begun = time.monotonic()
    last: Snapshot | None = None

    def show(snapshot: Snapshot) -> None:
        nonlocal last
        last = snapshot
        if shown:
            elapsed = time.monotonic() - begun
            _say(f"{cluster_name}: snapshot {snapshot.id} is {snapshot.status} ({elapsed:.0f} s)")

    try:
        yield show
    except KeyboardInterrupt:
        if shown and last is not None:
            _say(f"{cluster_name}: stopped waiting; snapshot {last.id} goes on, wait for it again")
        raise


@contextlib.contextmanager
def counting(*, shown: bool) -> Generator[Callable[[SnapshotOutcome], None]]:
    """Count the outcomes of a fleet."""
    begun = time.monotonic()
    done = failed = 0

    def show(outcome: SnapshotOutcome) -> None:
        nonlocal done, failed
        done += 1
        failed += outcome.error is not None
        if shown:
            name = getattr(outcome.request, "cluster_name", "?")
            word = "failed" if outcome.error else "done"
            elapsed = time.monotonic() - begun
            _say(f"{name}: {word}; {done} ended, {failed} of them failed ({elapsed:.0f} s)")

    yield show


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # a closed or broken stream is no reason to stop
        if sys.stderr is not None:  # as under pythonw
            # A terminal would obey the others, and the status is Atlas' text.
            shown = "".join(c if c.isprintable() else "?" for c in text)
            print(shown, file=sys.stderr, flush=True)  # noqa: T201  # this is what progress=True asks for
