"""The progress of one wait, and that of a fleet."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from contextvars import ContextVar
from typing import TYPE_CHECKING

from atlas_backups.progress.display import Display, LineDisplay, in_notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups.fleet import SnapshotOutcome
    from atlas_backups.models import Snapshot

_is_hint_suppressed = ContextVar("is_hint_suppressed", default=False)


@contextlib.contextmanager
def suppress_resume_hint() -> Generator[None]:
    """Leave the resume hint to the caller; the command line prints its own command."""
    token = _is_hint_suppressed.set(True)
    try:
        yield
    finally:
        _is_hint_suppressed.reset(token)


def resume_call(group_id: str, cluster_name: str, snapshot_id: str) -> str:
    """Return the call that waits for a snapshot again, to copy and paste."""
    return f"atlas.wait_for_snapshot({group_id!r}, {cluster_name!r}, {snapshot_id!r})"


@contextlib.contextmanager
def wait_bar(
    group_id: str, cluster_name: str, snapshot_id: str | None
) -> Generator[Callable[[Snapshot], None]]:
    """Display each change of a snapshot; after an interruption print how to resume the wait.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        snapshot_id: id of the snapshot; `None`: it is requested while this bar is open, possibly
            after another one has ended.
    """
    requesting = f"{cluster_name}: requesting a snapshot"
    display = open_display(f"{cluster_name}: polling" if snapshot_id else requesting)
    if snapshot_id is None:
        display.update(requesting)
    is_final = is_completed = False

    def show(snapshot: Snapshot) -> None:
        nonlocal snapshot_id, is_final, is_completed
        snapshot_id = snapshot.id
        is_final, is_completed = snapshot.is_final, snapshot.status == "completed"
        display.update(f"{snapshot.cluster_name}: snapshot {snapshot.id} is {snapshot.status}")

    try:
        yield show
    except BaseException as error:
        # Ctrl-C, SystemExit or a cancellation; an error has a message of its own.
        is_interruption = not isinstance(error, Exception | GeneratorExit)
        if is_interruption and snapshot_id is not None and not is_final:
            text = f"{cluster_name}: wait interrupted; snapshot {snapshot_id} continues"
            if not _is_hint_suppressed.get():
                call = resume_call(group_id, cluster_name, snapshot_id)
                text += f"; to resume the wait:\n    {call}"
            display.println(text)
        raise
    finally:
        display.close(succeeded=is_completed)


@contextlib.contextmanager
def fleet_bar(
    total: int | None, *, running: Callable[[], int]
) -> Generator[Callable[[SnapshotOutcome], None]]:
    """Display outcomes as they arrive, and finally the number of errors.

    Args:
        total: number of requests; `None`: unknown.
        running: returns the number of running takes; an interruption leaves their outcome unknown.
    """
    display = open_display("0 done", total)
    done, is_interrupted = 0, False
    errors: Counter[str] = Counter()

    def show(outcome: SnapshotOutcome) -> None:
        nonlocal done
        done += 1
        result = "ok"
        if outcome.error is not None:
            result = type(outcome.error).__name__
            errors[result] += 1
        name = getattr(outcome.request, "cluster_name", "?")
        counts = f"{done} done, {errors.total()} with an error"
        display.update(f"{name}: {result}; {counts}", done=done, keep=outcome.error is not None)

    try:
        yield show
    except BaseException:
        is_interrupted = True
        if left := running():
            display.println(
                f"stopped after {done}; the outcome of {left} more is unknown: "
                "run again with the same idempotency keys, or check with list_snapshots"
            )
        raise
    finally:
        if errors:
            kinds = ", ".join(f"{kind} {number}" for kind, number in errors.most_common())
            display.println(f"{errors.total()} of {done} with an error: {kinds}")
        display.close(succeeded=not errors and not is_interrupted)


def open_display(text: str, total: int | None = None) -> Display:
    """Return a display on standard error: `tqdm.auto` in a terminal or notebook, else lines.

    Args:
        text: the initial text of a redrawn line.
        total: number of items; `None`: unknown, or nothing to count.
    """
    with contextlib.suppress(Exception):  # tqdm is not installed, or the stream is closed
        if _can_redraw():
            from atlas_backups.progress.tqdm_display import TqdmDisplay  # noqa: PLC0415  # optional

            return TqdmDisplay(text, total)
    return LineDisplay()


def _can_redraw() -> bool:
    if in_notebook():
        return True
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    # tqdm draws nothing on a terminal that does not report its height.
    return os.get_terminal_size(sys.stderr.fileno()).lines > 0
