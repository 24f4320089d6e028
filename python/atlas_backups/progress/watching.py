"""How the wait for one snapshot shows itself."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from atlas_backups._threads import DaemonThread
from atlas_backups.progress.advice import call_to_wait, is_cut_off, to_go_on
from atlas_backups.progress.display import open_display

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from atlas_backups.models import Snapshot
    from atlas_backups.progress.display import Display

    Show = Callable[[Snapshot], None]
    Look = Callable[[Snapshot], Iterable[Snapshot]]


@contextlib.contextmanager
def watching(
    group_id: str, cluster_name: str, snapshot_id: str, *, look_back: Look
) -> Generator[Show]:
    """Show a snapshot at every change; a wait that is cut off says how to go on.

    Args:
        group_id: id of the project.
        cluster_name: name of the cluster.
        snapshot_id: id of the snapshot.
        look_back: gives the cluster's snapshots, the one that is waited for among them. It is
            called once, on a thread of its own, so that the wait does not wait for it.
    """
    watch = _Watch(open_display(f"{cluster_name}: looking at the snapshot"), look_back)
    try:
        yield watch.show
    except BaseException as error:
        if is_cut_off(error) and not watch.is_over:
            call = call_to_wait(group_id, cluster_name, snapshot_id)
            what = f"{cluster_name}: stopped waiting; snapshot {snapshot_id} goes on"
            watch.tell(what + to_go_on(call))
        raise
    finally:
        watch.close()


class _Watch:
    def __init__(self, display: Display, look_back: Look) -> None:
        self._display = display
        self._look_back: Look | None = look_back
        self._lock = threading.RLock()
        self._is_good = False
        self.is_over = False
        """Whether there is nothing more to say."""

    def show(self, snapshot: Snapshot) -> None:
        with self._lock:
            self.is_over = snapshot.is_final
            self._is_good = snapshot.status == "completed"
            cluster_name = snapshot.cluster_name
            self._display.now(f"{cluster_name}: snapshot {snapshot.id} is {snapshot.status}")
        look_back, self._look_back = self._look_back, None
        if look_back is not None and not self.is_over:
            DaemonThread(self._compare, snapshot, look_back, name="atlas-backups-earlier").start()

    def tell(self, text: str) -> None:
        with self._lock:
            if not self.is_over:
                self._display.tell(text)

    def close(self) -> None:
        with self._lock:
            self.is_over = True
            self._display.close(is_good=self._is_good)

    def _compare(self, snapshot: Snapshot, look_back: Look) -> None:
        # Nice to know, and no more than that.
        with contextlib.suppress(Exception):
            from atlas_backups.progress.earlier import experience  # noqa: PLC0415  # as shown

            known = experience(snapshot, look_back(snapshot))
            if known is not None:
                self.tell(f"{snapshot.cluster_name}: {known}")
