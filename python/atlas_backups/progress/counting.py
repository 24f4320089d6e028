"""How the takes of a fleet show themselves."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from atlas_backups.progress.display import open_display

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups.fleet import SnapshotOutcome

    Show = Callable[[SnapshotOutcome], None]


@contextlib.contextmanager
def counting(total: int | None, *, running: Callable[[], int]) -> Generator[Show]:
    """Show outcomes as they come, and in the end how many had an error.

    Args:
        total: how many there will be; `None`: not known.
        running: gives how many takes are running; where they are cut off, nobody knows their end.
    """
    display = open_display("0 ended", total)
    done, is_cut_off = 0, False
    errors: Counter[str] = Counter()

    def show(outcome: SnapshotOutcome) -> None:
        nonlocal done
        done += 1
        word = "done"
        if outcome.error is not None:
            kind = type(outcome.error).__name__
            errors[kind] += 1
            word = f"ended with {kind}"  # not failed: after a wait, the snapshot may go on
        name = getattr(outcome.request, "cluster_name", "?")
        counted = f"{done} ended, {errors.total()} of them with an error"
        display.now(f"{name}: {word}; {counted}", done=done, stays=outcome.error is not None)

    try:
        yield show
    except BaseException:
        is_cut_off = True
        left = running()
        if left:
            display.tell(
                f"stopped after {done}; of {left} more nobody knows whether they were taken: run "
                "it again with the same idempotency keys, or look with list_snapshots"
            )
        raise
    finally:
        if errors:
            kinds = ", ".join(f"{kind} {number}" for kind, number in errors.most_common())
            display.tell(f"{errors.total()} of {done} with an error: {kinds}")
        display.close(is_good=not errors and not is_cut_off)
