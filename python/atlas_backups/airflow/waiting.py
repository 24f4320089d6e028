"""What the triggers have in common: the client they share, the deadline, the one event."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from atlas_backups.airflow.compat import BaseTrigger, TriggerEvent
from atlas_backups.airflow.deadline import Deadline
from atlas_backups.airflow.events import completed, failure
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.shared import shared_client
from atlas_backups.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from atlas_backups import AtlasBackups, Snapshot

# For the look that is due although the time is over: the snapshot may be there.
_LAST_LOOK_SECONDS = 15.0


class WaitingTrigger(BaseTrigger):
    """Waits until a deadline, then fires one event, also for every error; it never raises.

    What it keeps in Airflow's database holds no secret: it looks the connection up itself. All
    triggers of a triggerer that use the same connection share one client.

    Args:
        deadline: end of the wait, in seconds since the epoch: it stays what it is when the
            triggerer is started again.
        timeout: seconds to wait at most after each start, should the clock that wrote `deadline`
            have been ahead.
        atlas_conn_id: id of the connection.
    """

    # The other arguments of the class, which are kept under their own names.
    arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, deadline: float, timeout: float, atlas_conn_id: str) -> None:
        super().__init__()
        self.deadline = deadline
        self.timeout = timeout
        self.atlas_conn_id = atlas_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of the class, and the arguments that make this trigger again."""
        names = ("deadline", "timeout", "atlas_conn_id", *self.arguments)
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire the event."""
        deadline = Deadline(moment=self.deadline, timeout=self.timeout)
        left = deadline.left()
        try:
            settings = await AtlasBackupsHook(self.atlas_conn_id).settings_async()
            async with shared_client(settings) as atlas:
                timeout = deadline.left_at_least(_LAST_LOOK_SECONDS)
                event = completed(await self.wait(atlas, timeout))
        except WaitTimeoutError as error:
            event = failure(error)
            event["message"] += self._explained(left)
        except Exception as error:  # noqa: BLE001  # whatever it is, the task has to hear of it
            event = failure(error)
        # A task that defers once more goes on with its deadline; of what was handed to `defer`,
        # `dag.test()` keeps nothing.
        yield TriggerEvent({**event, "deadline": self.deadline})

    @abstractmethod
    async def wait(self, atlas: AtlasBackups, timeout: float) -> Snapshot:
        """Return what is waited for.

        Raises:
            WaitTimeoutError: `timeout` seconds are over.
        """

    def _explained(self, left: float) -> str:
        if left > 0:
            return f" (the timeout of the task is {self.timeout:g} s)"
        return (
            f" (the timeout of the task, {self.timeout:g} s, was over {-left:.0f} s before the "
            "triggerer began to wait: no triggerer was running, or its clock and the worker's "
            "differ)"
        )
