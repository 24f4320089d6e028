"""A Jupyter kernel, driven cell by cell like by a front end."""

from __future__ import annotations

import queue
import tempfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from jupyter_client.blocking.client import BlockingKernelClient
    from typing_extensions import Self

_START_SECONDS = 30.0


@dataclass
class Cell:
    """The output of a cell so far."""

    message_id: str
    text: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    error: str | None = None
    traceback: str = ""
    is_done: bool = False

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Add a message of the kernel."""
        if kind == "stream":
            self.text += content["text"]
        elif kind in ("display_data", "execute_result", "update_display_data"):
            self.shown.append(content["data"])
            self.text += content["data"].get("text/plain", "")
        elif kind == "error":
            self.error = content["ename"]
            self.traceback = "\n".join(content["traceback"])
        elif kind == "status":
            self.is_done = content["execution_state"] == "idle"


class Kernel:
    """A context manager that runs a kernel.

    Args:
        env: the environment of the kernel.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._manager = KernelManager(kernel_name="python3", transport="ipc")
        self._noise = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed in __exit__
        self._client: BlockingKernelClient | None = None

    def __enter__(self) -> Self:
        self._manager.start_kernel(env=self._env, stderr=self._noise)
        self._connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._disconnect()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._noise.close()

    @property
    def noise(self) -> str:
        """The standard error of its process."""
        self._noise.seek(0)
        return self._noise.read()

    def run(self, code: str, *, seconds: float = 30.0) -> Cell:
        """Run a cell."""
        cell = self.start(code)
        self.follow(cell, seconds=seconds)
        return cell

    def start(self, code: str) -> Cell:
        """Start a cell."""
        return Cell(self._connected().execute(code))

    def follow(self, cell: Cell, *, seconds: float = 30.0) -> None:
        """Read the output of a cell to its end.

        Raises:
            TimeoutError: the cell did not end within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not cell.is_done:
            try:
                message = self._connected().get_iopub_msg(timeout=deadline - time.monotonic())
            except (queue.Empty, ValueError):
                raise TimeoutError(f"no end after {seconds} s: {cell}") from None
            if message["parent_header"].get("msg_id") == cell.message_id:
                cell.take(message["msg_type"], message["content"])

    def interrupt(self) -> None:
        """Interrupt the cell, like the stop button."""
        self._manager.interrupt_kernel()

    def restart(self) -> None:
        """Restart the kernel, even during a cell."""
        self._disconnect()
        self._manager.restart_kernel(now=True)
        self._connect()

    def _connect(self) -> None:
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=_START_SECONDS)

    def _connected(self) -> BlockingKernelClient:
        assert self._client is not None
        return self._client

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
